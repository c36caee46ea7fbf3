"""Every engine of ours keeps the laws; and the laws notice engines that don't."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from livestt.engines import Engine, EngineSettings, Hypothesis, Job, Samples, StreamOptions
from livestt.engines import pocketsphinx as pocketsphinx_module
from livestt.engines.conformance import LAWS, Law, check_engine, default_audio, streams_come_and_go
from livestt.engines.fleet import Fleet
from livestt.engines.scripted import ScriptedEngine
from livestt.events import Word

FIXTURES = Path(__file__).parents[1] / "fixtures"


def scripted() -> Engine:
    return ScriptedEngine()


def fleet() -> Engine:
    return Fleet([ScriptedEngine(), ScriptedEngine(), ScriptedEngine()])


def faster_whisper() -> Engine:
    from livestt.engines.faster_whisper import FasterWhisperEngine

    return FasterWhisperEngine(EngineSettings(str(FIXTURES / "whisper-synth"), device="cpu"))


def pocketsphinx() -> Engine:
    pytest.importorskip("pocketsphinx")
    from livestt.engines.pocketsphinx import PocketSphinxEngine

    return PocketSphinxEngine()


@pytest.fixture(scope="module", params=[scripted, fleet, faster_whisper, pocketsphinx])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    make: Callable[[], Engine] = request.param
    with pytest.MonkeyPatch.context() as patch:
        # A decoder that is slow is no broken one: the machine may stand still for a while.
        patch.setattr(pocketsphinx_module, "START_TIMEOUT", 240.0)
        patch.setattr(pocketsphinx_module, "ANSWER_TIMEOUT", 240.0)
        engine = make()
        yield engine
        engine.close()


@pytest.fixture(scope="module")
def speech() -> Samples:
    audio, _ = soundfile.read(FIXTURES / "speech" / "slt-02.flac", dtype="float32")
    return audio  # type: ignore[no-any-return]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_keeps(law: Law, engine: Engine, speech: Samples) -> None:
    law(engine, speech)


def test_speech_is_heard_so_that_the_laws_mean_something(engine: Engine, speech: Samples) -> None:
    options = StreamOptions(language="en")
    stream = engine.open(options)
    [answer] = engine.run([Job(stream, speech, 0, True, options)])
    engine.release(stream)
    assert len(answer.words) >= 4


class Broken(ScriptedEngine):
    """A native engine on a script, with one thing wrong that a subclass adds.

    It answers with a word for each half second of the utterance.
    """

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, streaming="native", attends=False)

    def open(self, options: StreamOptions) -> list[int]:  # type: ignore[override]
        return []

    def reset(self, stream: list[int]) -> None:  # type: ignore[override]
        stream.clear()

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        return [self.answer(job) for job in jobs]

    def answer(self, job: Job) -> Hypothesis:
        heard: list[int] = job.stream
        heard.append(len(job.audio))
        origin = job.end - sum(heard)
        words = tuple(
            Word(f" w{i}", origin + at, origin + at + 8000)
            for i, at in enumerate(range(0, sum(heard) - 8000, 8000))
        )
        if job.final:
            heard.clear()
        return Hypothesis(words, stable=len(words) if job.final else 0)


class NamesNothing(Broken):
    def __init__(self) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, name=" ")


class Overlaps(Broken):
    def answer(self, job: Job) -> Hypothesis:
        good = super().answer(job)
        return replace(good, words=tuple(replace(w, end=w.end + 1) for w in good.words))


class BeforeTheAudio(Broken):
    def answer(self, job: Job) -> Hypothesis:
        good = super().answer(job)
        return replace(good, words=tuple(replace(w, start=0) for w in good.words[:1]), stable=0)


class Unfinished(Broken):
    def answer(self, job: Job) -> Hypothesis:
        return replace(super().answer(job), stable=0)


class Promises(Broken):
    def __init__(self) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, attends=True)


class Remembers(Broken):
    def reset(self, stream: list[int]) -> None:  # type: ignore[override]
        self.resets = getattr(self, "resets", 0) + 1

    def answer(self, job: Job) -> Hypothesis:
        return _loud(super().answer(job), getattr(self, "resets", 0))


class MindsTheBatch(Broken):
    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        return [_loud(answer, len(jobs) - 1) for answer in super().run(jobs)]


class SharesItsState(Broken):
    shared: list[int]

    def open(self, options: StreamOptions) -> list[int]:  # type: ignore[override]
        self.shared = getattr(self, "shared", [])
        return self.shared


class KeepsThePrompt(Broken):
    prompted = 0

    def answer(self, job: Job) -> Hypothesis:
        self.prompted |= bool(job.options.prompt)
        return _loud(super().answer(job), self.prompted)


class HatesSilence(Broken):
    def answer(self, job: Job) -> Hypothesis:
        assert len(job.audio), "no audio"
        return super().answer(job)


class GoesOnAfterFinal(Broken):
    def answer(self, job: Job) -> Hypothesis:
        before = list(job.stream)
        good = super().answer(job)
        job.stream[:] = [*before, len(job.audio)]
        return good


class NeverForgets(Broken):
    opened = 0

    def open(self, options: StreamOptions) -> list[int]:  # type: ignore[override]
        self.opened += 1
        return []

    def answer(self, job: Job) -> Hypothesis:
        return _loud(super().answer(job), self.opened > 5)


class Repeats(ScriptedEngine):
    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        return super().run([replace(job, prefix=()) for job in jobs])


def _loud(answer: Hypothesis, times: int) -> Hypothesis:
    words = tuple(replace(word, text=word.text + "!" * times) for word in answer.words)
    return replace(answer, words=words)


def test_the_unbroken_base_keeps_all_laws(speech: Samples) -> None:
    check_engine(Broken(), speech)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (NamesNothing, "name is empty"),
        (Overlaps, "where the audio or the last word is"),
        (BeforeTheAudio, "where the audio or the last word is"),
        (Unfinished, "vouch"),
        (Promises, "without attended"),
        (Remembers, "asked again"),
        (MindsTheBatch, "in a batch of two"),
        (SharesItsState, "the answer is"),
        (KeepsThePrompt, "with a prompt"),
        (HatesSilence, "no audio"),
        (GoesOnAfterFinal, "where the audio or the last word is"),
        (Repeats, "is said again"),
    ],
)
def test_notices(broken: Callable[[], Engine], complaint: str, speech: Samples) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_engine(broken(), speech)


def test_notices_an_engine_that_wears_out(speech: Samples) -> None:
    with pytest.raises(AssertionError, match="after many streams"):
        streams_come_and_go(NeverForgets(), speech)


def test_needs_no_audio() -> None:
    check_engine(scripted())
    assert len(default_audio()) > 16_000
