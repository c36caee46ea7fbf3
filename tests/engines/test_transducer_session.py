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
    from tiny_transducer import OPTIONS, ask, speech_of, text

from livestt.engines import EngineSettings, Samples
from livestt.engines.transducer import TransducerEngine
from livestt.errors import UnsupportedOption
from livestt.events import Committed, UtteranceEnded, Word
from livestt.settings import Settings
from livestt.testing import Harness
from livestt.transcript import joined


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
        """What was committed is what the engine hears in each utterance by itself."""
        spans = [(e.start, e.end) for e in harness.events if isinstance(e, UtteranceEnded)]
        solo = [
            text(ask(engine, engine.open(OPTIONS), audio[start:end], start)) for start, end in spans
        ]
        assert joined(words) == "".join(solo).strip()

    @pytest.mark.anyio
    async def test_words_come_before_the_utterance_ends(self, engine: TransducerEngine) -> None:
        async with Harness(engine, Settings(min_chunk_size=0.2), OPTIONS) as harness:
            await harness.feed(speech_of("slt-01"), speed=4)
            await harness.finish()
        first = next(i for i, e in enumerate(harness.events) if isinstance(e, Committed))
        over = next(i for i, e in enumerate(harness.events) if isinstance(e, UtteranceEnded))
        assert first < over

    def test_other_policies_are_refused(self, engine: TransducerEngine) -> None:
        from livestt.engines.registry import check_support

        with pytest.raises(UnsupportedOption, match="decides itself"):
            check_support(engine.capabilities, Settings(backend_policy="alignatt"))
        with pytest.raises(UnsupportedOption, match="cannot translate"):
            check_support(engine.capabilities, Settings(task="translate"))
