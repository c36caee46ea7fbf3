"""What every Whisper that shows its attention must do, whatever it runs on.

A test module makes a fixture ``engine`` on the test model and imports `AttentiveTests` under a
name of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from livestt.engines import Engine, Hypothesis, Job, Samples, StreamOptions
from livestt.engines.conformance import LAWS, Law
from livestt.policies import AlignAtt
from livestt.timebase import SAMPLE_RATE

FIXTURES = Path(__file__).parents[1] / "fixtures"
ENGLISH = StreamOptions(language="en")


def need(module: str, extra: str) -> Any:
    """Import a module that an extra installs; without it the tests are skipped, or fail where
    they have to run."""
    if os.environ.get("LIVESTT_REQUIRE_ENGINES"):
        return import_module(module)
    return pytest.importorskip(module, reason=f"needs the extra '{extra}'")


@lru_cache
def sentences() -> list[dict[str, Any]]:
    """The 24 sentences, each with its samples under ``audio``."""
    folder = FIXTURES / "speech"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for row in rows:
        row["audio"], _ = soundfile.read(folder / row["file"], dtype="float32")
    return [row for row in rows if row["seconds"] < 10]


def job(audio: Samples, options: StreamOptions = ENGLISH, **more: Any) -> Job:
    return Job(None, audio, 0, **{"final": True, "options": options, **more})


def ask(engine: Engine, question: Job) -> Hypothesis:
    [answer] = engine.run([question])
    return answer


def text(answer: Hypothesis) -> str:
    return "".join(word.text for word in answer.words).strip()


def errors(answer: Hypothesis, words: Sequence[Any]) -> list[float]:
    """For each word how far, in seconds, its middle is from the truth."""
    middles = [(word.start + word.end) / 2 / SAMPLE_RATE for word in answer.words]
    return [abs(m - (start + end) / 2) for m, (_, start, end) in zip(middles, words, strict=True)]


class AttentiveTests:
    """Needs a fixture ``engine``."""

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_keeps(self, law: Law, engine: Engine) -> None:
        law(engine, sentences()[1]["audio"])

    def test_hears_what_is_said_and_when(self, engine: Engine) -> None:
        off: list[float] = []
        outside = 0
        for row in sentences():
            answer = ask(engine, job(row["audio"]))
            assert answer.rejected is None
            assert text(answer) == row["text"]
            off += errors(answer, row["words"])
            assert answer.attended is not None
            for at, (_, start, end) in zip(answer.attended, row["words"], strict=True):
                outside += not start - 0.1 <= at / SAMPLE_RATE <= end + 0.1
        assert np.median(off) < 0.05
        assert np.percentile(off, 95) < 0.25
        assert outside / len(off) < 0.02

    def test_continues_after_a_prefix_and_a_context(self, engine: Engine) -> None:
        first, second = sentences()[:2]
        context = ask(engine, job(first["audio"])).words
        whole = ask(engine, job(second["audio"], context=context))
        assert text(whole) == second["text"]
        for count in (1, 3):
            rest = ask(engine, job(second["audio"], prefix=whole.words[:count], context=context))
            assert text(rest) == " ".join(second["text"].split()[count:])
            assert rest.words[0].start >= whole.words[count].start - 1600

    def test_a_ragged_batch_equals_its_rows(self, engine: Engine) -> None:
        context = ask(engine, job(sentences()[5]["audio"])).words
        prompted = StreamOptions(language="en", prompt="This number.")
        jobs = []
        for i, row in enumerate(sentences()[:6]):
            audio = row["audio"][: SAMPLE_RATE * 4]
            prefix = ask(engine, job(audio)).words[: i % 3]
            options = prompted if i % 2 else ENGLISH
            jobs.append(job(audio, options, prefix=prefix, context=context[: 3 * i]))
        assert len({engine.batch_key(j) for j in jobs}) == 1
        together = engine.run(jobs)
        for one, answer in zip(jobs, together, strict=True):
            alone = ask(engine, one)
            assert text(answer) == text(alone)
            assert [(w.start, w.end) for w in answer.words] == [
                (w.start, w.end) for w in alone.words
            ]
            assert answer.attended == alone.attended

    def test_a_batch_of_languages(self, engine: Engine) -> None:
        audio = sentences()[0]["audio"]
        told, untold, other = (StreamOptions(language=code) for code in ("en", None, "de"))
        jobs = [job(audio, options) for options in (told, untold, other)]
        answers = engine.run(jobs)
        assert [answer.language for answer in answers] == ["en", "en", "de"]
        assert answers[0].language_probability == 1.0
        assert 0.5 < answers[1].language_probability <= 1.0
        assert text(answers[1]) == text(answers[0])

    def test_streamed_as_a_session_does_it_equals_the_whole(self, engine: Engine) -> None:
        for row in sentences()[::5]:
            audio, committed = row["audio"], []
            policy = AlignAtt()
            for end in [*range(SAMPLE_RATE, len(audio), SAMPLE_RATE // 2), len(audio)]:
                final = end == len(audio)
                question = job(audio[:end], prefix=tuple(committed), final=final)
                answer = ask(engine, question)
                committed += answer.words[: policy.decide(answer, end, final=final)]
            assert "".join(word.text for word in committed).strip() == row["text"]

    def test_the_full_window_gives_the_same(self, engine: Engine) -> None:
        row = sentences()[2]
        long = np.concatenate([row["audio"], np.zeros(SAMPLE_RATE * 18, np.float32)])
        assert text(ask(engine, job(long))) == row["text"]

    def test_noise_is_no_speech(self, engine: Engine) -> None:
        noise, _ = soundfile.read(FIXTURES / "noise" / "white.flac", dtype="float32")
        answer = ask(engine, job(noise))
        assert answer.rejected == "no_speech" or not answer.words

    def test_says_what_it_can(self, engine: Engine) -> None:
        able = engine.capabilities
        assert able.attends
        assert able.detects_language
        assert able.translates
        assert {"en", "fr", "yue"} - able.languages <= {"yue"}
        assert able.max_batch > 1
