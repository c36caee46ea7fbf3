"""Whisper on CTranslate2, on a model small enough to be a fixture.

The general laws are in ``test_conformance.py``; here is what only this engine promises, and that
streaming costs no accuracy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile

from livestt.engines import Engine, EngineSettings, Hypothesis, Job, Samples, StreamOptions
from livestt.engines.faster_whisper import FasterWhisperEngine
from livestt.engines.whisper import guards
from livestt.errors import BadModel
from livestt.events import Committed, Word
from livestt.policies import PolicyName, choose
from livestt.session import Session
from livestt.timebase import SAMPLE_RATE, from_seconds, to_seconds
from livestt.tuning import Tuning
from livestt.vad import FRAME
from livestt.vad.silero import SileroVad

FIXTURES = Path(__file__).parents[1] / "fixtures"
ENGLISH = StreamOptions(language="en")
ORIGIN = 7 * SAMPLE_RATE
TUNING = Tuning(step=from_seconds(1), first_step=from_seconds(1), max_window=from_seconds(8))
"""The model is good for windows of 8 seconds."""
CHUNK = SAMPLE_RATE // FRAME * FRAME


def load(name: str) -> Samples:
    audio, _ = soundfile.read(FIXTURES / name, dtype="float32")
    return audio  # type: ignore[no-any-return]


def ask(engine: Engine, audio: Samples, start: int = 0, **more: Any) -> Hypothesis:
    job = Job(None, audio, start, **{"final": True, "options": ENGLISH, **more})
    [answer] = engine.run([job])
    return answer


def scoreless(word: Word) -> Word:
    return replace(word, score=0.0)


def check(words: Sequence[Word], start: int, end: int) -> None:
    edges = [start, *(edge for word in words for edge in (word.start, word.end)), end]
    assert edges == sorted(edges)
    assert all(one.start < one.end for one in words)
    assert all(one.end <= other.start for one, other in pairwise(words))


@pytest.fixture(scope="module")
def sentences(recordings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in recordings if len(row["segments"]) == 1]


class TestTimes:
    def test_words_start_where_they_were_said(
        self, whisper: FasterWhisperEngine, sentences: list[dict[str, Any]]
    ) -> None:
        off: list[float] = []
        for row in sentences:
            words = ask(whisper, load(f"speech/{row['file']}"), ORIGIN).words
            check(words, ORIGIN, ORIGIN + from_seconds(row["seconds"]))
            assert [word.text.strip() for word in words] == [word for word, _, _ in row["words"]]
            off += [
                abs(to_seconds(word.start - ORIGIN) - start)
                for word, (_, start, _) in zip(words, row["words"], strict=True)
            ]
        assert len(off) > 150
        assert median(off) < 0.08

    def test_attention_is_inside_the_audio_and_each_word_has_one(
        self, whisper: FasterWhisperEngine
    ) -> None:
        audio = load("speech/slt-01.flac")
        answer = ask(whisper, audio, ORIGIN)
        assert answer.attended is not None
        assert len(answer.attended) == len(answer.words)
        assert all(ORIGIN <= at <= ORIGIN + len(audio) for at in answer.attended)


class TestBatches:
    def test_a_batch_equals_solo_to_the_sample(self, whisper: FasterWhisperEngine) -> None:
        """Whatever rides along: other prefixes, lengths, languages, tasks and contexts."""
        jobs = list(self.jobs(whisper))
        groups: dict[Hashable, list[Job]] = defaultdict(list)
        for job in jobs:
            groups[whisper.batch_key(job)].append(job)
        assert max(len(group) for group in groups.values()) >= 5
        for group in groups.values():
            for start in range(0, len(group), whisper.capabilities.max_batch):
                batch = group[start : start + whisper.capabilities.max_batch]
                for job, together in zip(batch, whisper.run(batch), strict=True):
                    [alone] = whisper.run([job])
                    assert [scoreless(w) for w in together.words] == [
                        scoreless(w) for w in alone.words
                    ]
                    assert [w.score for w in together.words] == pytest.approx(
                        [w.score for w in alone.words], abs=1e-4
                    )
                    assert together.attended == alone.attended
                    assert together.rejected == alone.rejected
                    assert together.language == alone.language

    def jobs(self, engine: Engine) -> Iterator[Job]:
        for i, name in enumerate(("slt-01", "awb-02", "rms-03", "awb-05", "slt-06")):
            audio = load(f"speech/{name}.flac")
            words = ask(engine, audio).words
            yield Job(None, audio, 0, False, ENGLISH, prefix=words[: i + 1])
            yield Job(None, audio[: len(audio) // 2], 0, True, ENGLISH)
            other = StreamOptions(language=("de", None)[i % 2], task=("transcribe", "translate")[0])
            yield Job(None, audio, 0, True, other)
            if i % 2:
                yield Job(None, audio, 99, False, ENGLISH, context=(words * 9)[:40])
        noise = load("noise/white.flac")
        yield Job(None, noise, 0, True, ENGLISH)


class TestWordless:
    @pytest.mark.parametrize("name", ["white", "clicks"])
    def test_noise_gives_no_words(self, whisper: FasterWhisperEngine, name: str) -> None:
        answer = ask(whisper, load(f"noise/{name}.flac"))
        assert not answer.words or answer.rejected

    @pytest.mark.parametrize("seconds", [0.2, 1, 5, 11])
    def test_silence_gives_no_words(self, whisper: FasterWhisperEngine, seconds: float) -> None:
        answer = ask(whisper, np.zeros(from_seconds(seconds), np.float32))
        assert not answer.words or answer.rejected

    @pytest.mark.parametrize("length", [0, 1, 159, 160, 1_599, 1_600, 1_601, 2_239, 2_240, 4_000])
    def test_very_short_audio_is_answered(self, whisper: FasterWhisperEngine, length: int) -> None:
        audio = load("speech/slt-01.flac")[9_000 : 9_000 + length]
        check(ask(whisper, audio, ORIGIN).words, ORIGIN, ORIGIN + length)
        assert not ask(whisper, audio[:1_599]).words

    def test_thirty_seconds_of_garbage_are_answered(self, whisper: FasterWhisperEngine) -> None:
        random = np.random.default_rng(0)
        for audio in (
            random.uniform(-1, 1, 30 * SAMPLE_RATE),
            np.sign(np.sin(np.arange(30 * SAMPLE_RATE) * 0.05)),
            np.ones(30 * SAMPLE_RATE),
        ):
            check(ask(whisper, audio.astype(np.float32)).words, 0, 30 * SAMPLE_RATE)


class TestRedo:
    def test_a_faulty_step_is_done_again_without_context(
        self, whisper: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        audio = load("speech/slt-02.flac")
        plain = ask(whisper, audio)
        reasons = iter(["loop", None])
        monkeypatch.setattr(guards, "fault", lambda step: next(reasons))
        again = ask(whisper, audio, context=plain.words * 3)
        assert again.rejected is None
        assert [w.text for w in again.words] == [w.text for w in plain.words]
        assert next(reasons, "asked twice") == "asked twice"

    def test_twice_faulty_is_rejected(
        self, whisper: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guards, "fault", lambda step: "squeezed")
        assert ask(whisper, load("speech/slt-02.flac")).rejected == "squeezed"

    def test_earlier_text_does_not_drown_the_audio(
        self, whisper: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        audio = np.pad(load("speech/slt-01.flac"), (from_seconds(0.4), 0))
        earlier = ask(whisper, load("speech/rms-01.flac")).words
        heard = [word.text for word in ask(whisper, audio).words]
        assert [word.text for word in ask(whisper, audio, context=earlier).words] == heard
        monkeypatch.setattr(guards, "MIN_HEARD", 0.0)
        assert [word.text for word in ask(whisper, audio, context=earlier).words] != heard

    def test_silence_is_not_listened_to_again(
        self, whisper: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reasons = iter(["no_speech"])
        monkeypatch.setattr(guards, "fault", lambda step: next(reasons))
        assert ask(whisper, load("speech/slt-02.flac")).rejected == "no_speech"


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            StreamOptions("en", prompt="A conversation about gardens."),
            StreamOptions("en", hotwords=("Nobody", "picture")),
            StreamOptions("en", prompt="long " * 500, hotwords=("日本", "👋🏽")),
            StreamOptions("en", task="translate"),
            StreamOptions(None),
        ],
    )
    def test_all_are_taken(self, whisper: FasterWhisperEngine, options: StreamOptions) -> None:
        audio = load("speech/slt-02.flac")
        check(ask(whisper, audio, options=options).words, 0, len(audio))

    def test_an_unknown_language_is_detected(self, whisper: FasterWhisperEngine) -> None:
        answer = ask(whisper, load("speech/slt-02.flac"), options=StreamOptions(None))
        assert answer.language == "en"
        assert answer.language_probability > 0.5
        assert all(word.language == "en" for word in answer.words)

    def test_the_answer_continues_after_the_prefix(self, whisper: FasterWhisperEngine) -> None:
        audio = load("speech/slt-02.flac")
        words = ask(whisper, audio).words
        rest = ask(whisper, audio, prefix=words[:3]).words
        assert [w.text for w in rest] == [w.text for w in words[3:]]
        assert rest[0].start >= words[2].start


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=re.escape("tokenizer.json")):
        FasterWhisperEngine(EngineSettings(str(tmp_path)))


@pytest.fixture(scope="module")
def heard(recordings: list[dict[str, Any]]) -> list[tuple[Samples, Any]]:
    """All recordings, with the chance of speech in each frame."""
    vad = SileroVad()
    heard = []
    for row in recordings:
        audio = load(f"speech/{row['file']}")
        audio = np.concatenate([audio, np.zeros(-len(audio) % FRAME, np.float32)])
        heard.append((audio, vad.open().probabilities(audio)))
    return heard


@pytest.fixture(scope="module")
def truth(recordings: list[dict[str, Any]]) -> list[str]:
    return [plain(row["text"]) for row in recordings]


@pytest.fixture(scope="module")
def offline(
    whisper: FasterWhisperEngine, heard: list[tuple[Samples, Any]], truth: list[str]
) -> float:
    """Word errors of whole utterances."""
    return jiwer.wer(truth, transcribed(whisper, heard, "utterance"))


def test_whole_utterances_come_out_right(offline: float) -> None:
    assert offline < 0.06


@pytest.mark.parametrize("policy", ["alignatt", "localagreement"])
def test_streaming_costs_no_accuracy(
    policy: PolicyName,
    whisper: FasterWhisperEngine,
    heard: list[tuple[Samples, Any]],
    truth: list[str],
    offline: float,
) -> None:
    """All recordings at once, in steps of a second, in batches as a server makes them."""
    assert jiwer.wer(truth, transcribed(whisper, heard, policy)) <= offline + 0.02


def plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum() or c == " ").strip()


def transcribed(
    engine: Engine, heard: Sequence[tuple[Samples, Any]], policy: PolicyName
) -> list[str]:
    able = engine.capabilities
    sessions = [Session(None, able, choose(policy, able), ENGLISH, tuning=TUNING) for _ in heard]
    texts = [""] * len(heard)
    longest = max(len(audio) for audio, _ in heard)
    for start in range(0, longest + CHUNK, CHUNK):
        for session, (audio, probabilities) in zip(sessions, heard, strict=True):
            if start < len(audio):
                frames = slice(start // FRAME, (start + CHUNK) // FRAME)
                session.receive_audio(audio[start : start + CHUNK], probabilities[frames])
            else:
                session.receive_end()
        answer_all(engine, sessions)
        for i, session in enumerate(sessions):
            for event in session.take_events():
                if isinstance(event, Committed):
                    texts[i] += "".join(word.text for word in event.words)
    assert all(session.ended for session in sessions)
    return [plain(text) for text in texts]


def answer_all(engine: Engine, sessions: Sequence[Session]) -> None:
    """Batches of jobs with equal keys, until nobody asks."""
    while open_jobs := [(s, job) for s in sessions if (job := s.next_job())]:
        groups: dict[Hashable, list[tuple[Session, Job]]] = defaultdict(list)
        for session, job in open_jobs:
            groups[engine.batch_key(job)].append((session, job))
        most = engine.capabilities.max_batch
        for group in groups.values():
            for i in range(0, len(group), most):
                batch = group[i : i + most]
                answers = engine.run([job for _, job in batch])
                for (session, job), answer in zip(batch, answers, strict=True):
                    session.receive_hypothesis(job, answer)
