"""The whole pipeline over a streaming transducer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch", reason="the transducer engine needs the extra 'torch'")
pytest.importorskip("transformers", reason="the transducer engine needs the extra 'torch'")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tiny_transducer
    from tiny_transducer import OPTIONS, ask, speech_of

from livestt.engines import EngineSettings, Samples
from livestt.engines.transducer import TransducerEngine
from livestt.errors import UnsupportedOption
from livestt.events import Committed, UtteranceEnded, Word
from livestt.settings import Settings
from livestt.testing import Harness


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransducerEngine]:
    folder = tiny_transducer.build(tmp_path_factory.mktemp("transducer"))
    engine = TransducerEngine(EngineSettings(str(folder), device="cpu", threads=1))
    yield engine
    engine.close()


class TestSession:
    """The whole pipeline over it."""

    @pytest.mark.anyio
    async def test_words_are_committed_once_and_in_order(
        self, engine: TransducerEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Random weights say the same over and over, and would be made to start anew.
        monkeypatch.setattr("livestt.watchdog.repeated", lambda words: None)
        pause = np.zeros(24_000, np.float32)
        voices = [speech_of("slt-01"), pause, speech_of("rms-02"), pause, speech_of("awb-01")]
        settings = Settings(min_chunk_size=0.2)
        async with Harness(engine, settings, OPTIONS) as harness:
            await harness.feed(np.concatenate(voices))
            state = await harness.finish()
        words = state.words
        assert len(words) >= 30
        assert all(a.end <= b.start for a, b in pairwise(words))
        ends = [event.end for event in harness.events if isinstance(event, UtteranceEnded)]
        assert len(ends) >= 3
        grown = [snapshot.committed_text for snapshot in harness.history]
        assert all(b.startswith(a) for a, b in pairwise(grown))
        self.check_each_utterance(engine, harness, np.concatenate(voices), words)

    def check_each_utterance(
        self, engine: TransducerEngine, harness: Harness, audio: Samples, words: tuple[Word, ...]
    ) -> None:
        """What was committed is what the engine hears in each utterance by itself; at its end it
        may have heard a little of the pause as well."""
        spans = [(e.start, e.end) for e in harness.events if isinstance(e, UtteranceEnded)]
        for (start, end), following in zip(spans, [*spans[1:], (len(audio), 0)], strict=True):
            solo = ask(engine, engine.open(OPTIONS), audio[start:end], start).words[:-1]
            said = [word.text for word in words if start <= word.start < following[0]]
            assert said[: len(solo)] == [word.text for word in solo]
            assert len(said) > len(solo)

    @pytest.mark.anyio
    async def test_words_come_before_the_utterance_ends(self, engine: TransducerEngine) -> None:
        async with Harness(engine, Settings(min_chunk_size=0.2), OPTIONS) as harness:
            await harness.feed(speech_of("slt-01"), speed=4)
            await harness.finish()
        first = next(i for i, e in enumerate(harness.events) if isinstance(e, Committed))
        over = next(i for i, e in enumerate(harness.events) if isinstance(e, UtteranceEnded))
        assert first < over

    def test_other_policies_are_refused(self, engine: TransducerEngine) -> None:
        from livestt.engines.support import check_support

        with pytest.raises(UnsupportedOption, match="decides itself"):
            check_support(engine.capabilities, Settings(backend_policy="alignatt"))
        with pytest.raises(UnsupportedOption, match="cannot translate"):
            check_support(engine.capabilities, Settings(task="translate"))
