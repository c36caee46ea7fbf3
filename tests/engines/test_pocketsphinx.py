"""PocketSphinx as child processes: what they answer, and that they never outlive their use."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from livestt.engines import EngineSettings, Hypothesis, Job, Samples, StreamOptions
from livestt.engines import pocketsphinx as module
from livestt.engines.pocketsphinx import PocketSphinxEngine, PocketSphinxStream
from livestt.engines.pocketsphinx_process import Decoder
from livestt.errors import EngineError, MissingExtra

pytest.importorskip("pocketsphinx")

FIXTURES = Path(__file__).parents[1] / "fixtures"
OPTIONS = StreamOptions(language="en")


@pytest.fixture(scope="module")
def shared() -> Iterator[PocketSphinxEngine]:
    with pytest.MonkeyPatch.context() as patch:
        # A decoder that is slow is no broken one: the machine may stand still for a while.
        patch.setattr(module, "START_TIMEOUT", 240.0)
        patch.setattr(module, "ANSWER_TIMEOUT", 240.0)
        engine = PocketSphinxEngine(EngineSettings())
        yield engine
        engine.close()


@pytest.fixture
def engine(shared: PocketSphinxEngine) -> Iterator[PocketSphinxEngine]:
    """The shared engine; processes that a test leaves broken are gone afterwards."""
    yield shared
    assert len(shared._children) <= module.MAX_IDLE, "a stream was not released"


@pytest.fixture
def stream(engine: PocketSphinxEngine) -> Iterator[PocketSphinxStream]:
    stream = engine.open(OPTIONS)
    yield stream
    engine.release(stream)


@pytest.fixture(scope="module")
def speech() -> Samples:
    return load("speech/slt-02.flac")


def load(name: str) -> Samples:
    audio, rate = soundfile.read(FIXTURES / name, dtype="float32")
    assert rate == 16_000
    return audio  # type: ignore[no-any-return]


def ask(
    engine: PocketSphinxEngine,
    stream: PocketSphinxStream,
    audio: Samples,
    start: int = 0,
    *,
    final: bool = True,
) -> Hypothesis:
    [answer] = engine.run([Job(stream, audio, start, final, OPTIONS)])
    return answer


def text(answer: Hypothesis) -> str:
    return "".join(word.text for word in answer.words)


class TestAnswers:
    def test_hears_words_with_scores(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        answer = ask(engine, stream, speech)
        assert text(answer).endswith(" our picture across the street")
        assert all(word.text.startswith(" ") and word.language == "en" for word in answer.words)
        assert answer.stable == len(answer.words)
        assert answer.rejected is None

    def test_times_are_close_to_the_truth(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        origin = 160_000
        answer = ask(engine, stream, speech, origin)
        picture = next(word for word in answer.words if word.text == " picture")
        assert abs(picture.start - (origin + 1.311 * 16_000)) < 1600
        assert abs(picture.end - (origin + 1.75 * 16_000)) < 1600

    def test_partial_answers_promise_nothing(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        partial = ask(engine, stream, speech[:40_000], final=False)
        assert partial.words
        assert partial.stable == 0
        assert {word.score for word in partial.words} == {0.5}

    @pytest.mark.parametrize("step", [1600, 7777, 60_000])
    def test_steps_change_nothing(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples, step: int
    ) -> None:
        whole = ask(engine, stream, speech)
        for start in range(0, len(speech), step):
            ask(engine, stream, speech[start : start + step], start, final=False)
        assert ask(engine, stream, speech[:0], len(speech)).words == whole.words

    def test_what_was_heard_before_changes_nothing(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        first = ask(engine, stream, speech)
        ask(engine, stream, load("noise/white.flac")[:48_000])
        ask(engine, stream, 0.05 * speech[:30_000], final=False)
        engine.reset(stream)
        assert ask(engine, stream, speech).words == first.words

    def test_loud_audio_is_clipped_not_wrapped(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        assert len(ask(engine, stream, 4 * speech).words) >= 4

    def test_empty_batch(self, engine: PocketSphinxEngine) -> None:
        assert engine.run([]) == []


class TestNoise:
    @pytest.mark.parametrize("name", ["white", "hum", "clicks"])
    def test_is_not_shown(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, name: str
    ) -> None:
        answer = ask(engine, stream, load(f"noise/{name}.flac")[:80_000])
        assert answer.rejected == "no_speech" or not answer.words

    def test_speech_among_pauses_is_shown(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        pause = np.zeros(32_000, np.float32)
        answer = ask(engine, stream, np.concatenate([pause, speech, pause]))
        assert answer.rejected is None
        assert " picture" in text(answer)


class TestFailure:
    def test_killed_child_is_an_error_and_then_a_new_child(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        expected = ask(engine, stream, speech).words
        ask(engine, stream, speech[:8000], final=False)
        child = stream.child
        assert child is not None
        threading.Timer(0.1, child.kill).start()
        with pytest.raises(EngineError, match="ended or hung"):
            ask(engine, stream, np.tile(speech, 10), final=False)
        assert ask(engine, stream, speech).words == expected

    def test_the_others_of_a_failed_batch_are_not_heard_twice(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        expected = ask(engine, stream, speech).words
        other = engine.open(OPTIONS)
        half = len(speech) // 2
        ask(engine, other, speech[:10], final=False)
        assert other.child is not None
        other.child.kill()
        first = Job(stream, speech[:half], 0, False, OPTIONS)
        with pytest.raises(EngineError, match="ended or hung"):
            engine.run([Job(other, speech, 0, True, OPTIONS), first])
        engine.run([first])
        engine.release(other)
        assert ask(engine, stream, speech[half:], half).words == expected

    @pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no way to make a process hang")
    def test_hanging_child_is_an_error(
        self,
        engine: PocketSphinxEngine,
        stream: PocketSphinxStream,
        speech: Samples,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ask(engine, stream, speech[:100])
        monkeypatch.setattr(module, "ANSWER_TIMEOUT", 0.5)
        monkeypatch.setattr(module, "SLOWEST", 0.0)
        assert stream.child is not None
        os.kill(stream.child.pid, signal.SIGSTOP)
        with pytest.raises(EngineError, match="ended or hung"):
            # Twice a pipe's capacity: writing has to end, too.
            ask(engine, stream, np.tile(speech, 4))

    def test_missing_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec

        def without(name: str, package: str | None = None) -> ModuleSpec | None:
            return None if name == "pocketsphinx" else find(name, package)

        monkeypatch.setattr(module, "find_spec", without)
        with pytest.raises(MissingExtra, match="the extra 'embedded'"):
            PocketSphinxEngine(EngineSettings())

    def test_package_that_does_not_start(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "pocketsphinx.py").write_text("raise SystemExit(3)\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(EngineError, match="decoder ended"):
            PocketSphinxEngine(EngineSettings())


class TestProcesses:
    def test_a_released_process_serves_the_next_session(
        self, engine: PocketSphinxEngine, speech: Samples
    ) -> None:
        pids = set()
        for _ in range(5):
            stream = engine.open(OPTIONS)
            ask(engine, stream, speech[:8000], final=False)
            assert stream.child is not None
            pids.add(stream.child.pid)
            engine.release(stream)
        assert len(pids) == 1

    def test_a_spare_that_died_is_not_given_out(self, engine: PocketSphinxEngine) -> None:
        engine.release(engine.open(OPTIONS))
        for spare in engine._idle:
            spare.kill()
            spare._process.wait()
        stream = engine.open(OPTIONS)
        assert stream.child is not None
        assert stream.child.alive
        engine.release(stream)

    def test_a_session_is_not_refused_because_no_spare_can_be_started(
        self, engine: PocketSphinxEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_more() -> Decoder:
            raise EngineError("too many processes")

        engine.release(engine.open(OPTIONS))
        with monkeypatch.context() as full:
            full.setattr(module, "Decoder", no_more)
            streams = [engine.open(OPTIONS) for _ in list(engine._idle)]
            with pytest.raises(EngineError, match="too many"):
                engine.open(OPTIONS)
        for stream in streams:
            engine.release(stream)

    def test_none_survives_close(self, speech: Samples) -> None:
        engine = PocketSphinxEngine(EngineSettings())
        streams = [engine.open(OPTIONS) for _ in range(2)]
        children: list[Decoder] = list(engine._children)
        assert len(children) == 3
        engine.close()
        assert not any(child.alive for child in children)
        with pytest.raises(EngineError, match="closed"):
            engine.open(OPTIONS)
        for stream in streams:
            engine.release(stream)

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX")
    def test_none_survives_the_parent(self) -> None:
        source = (
            "import time\n"
            "from livestt.engines.pocketsphinx import PocketSphinxEngine\n"
            "engine = PocketSphinxEngine()\n"
            "engine.open(None)\n"
            "print(*(child.pid for child in engine._children), flush=True)\n"
            "time.sleep(60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            pids = [int(pid) for pid in parent.stdout.readline().split()]
            parent.kill()
        assert len(pids) == 2
        deadline = time.monotonic() + 20
        while any(map(_runs, pids)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not any(map(_runs, pids))

    def test_ctrl_c_is_not_theirs(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        ask(engine, stream, speech[:100])
        assert stream.child is not None
        os.kill(stream.child.pid, signal.SIGINT)
        assert ask(engine, stream, speech).words

    def test_other_threads_run_while_it_decodes(
        self, engine: PocketSphinxEngine, stream: PocketSphinxStream, speech: Samples
    ) -> None:
        ask(engine, stream, speech[:100])
        ticks, done = 0, threading.Event()

        def tick() -> None:
            nonlocal ticks
            while not done.wait(0.005):
                ticks += 1

        ticker = threading.Thread(target=tick)
        ticker.start()
        begun = time.monotonic()
        ask(engine, stream, speech)
        took = time.monotonic() - begun
        done.set()
        ticker.join()
        # A held lock would leave two ticks; half the possible ones allows for a busy machine.
        assert ticks > took / 0.02

    def test_they_load_neither_numpy_nor_livestt(self) -> None:
        program = (
            "import runpy, sys; "
            f"runpy.run_path({module.__file__.replace('.py', '_decoder.py')!r}); "
            "sys.exit(bool({'numpy', 'livestt'} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-P", "-c", program], check=False).returncode == 0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # Whoever inherits an orphan may be slow to bury it.
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
