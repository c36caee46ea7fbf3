"""The streaming transducer: chunked equals whole, batched equals solo, and words come in order."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the transducer engine needs the extra 'torch'")
pytest.importorskip("transformers", reason="the transducer engine needs the extra 'torch'")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tiny_transducer
    import torch
    import transformers
    from tiny_transducer import OPTIONS, ask, speech_of, text

from livestt.engines import EngineSettings, Hypothesis, Job, Samples
from livestt.engines.conformance import LAWS, Law
from livestt.engines.transducer import TransducerEngine, TransducerStream
from livestt.errors import EngineError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_transducer.build(tmp_path_factory.mktemp("transducer"))


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_transducer.build(tmp_path_factory.mktemp("multilingual"), multilingual=True)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[TransducerEngine]:
    engine = TransducerEngine(EngineSettings(str(folder), device="cpu", threads=1))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def speech() -> Samples:
    return speech_of("slt-02")


@pytest.fixture
def stream(engine: TransducerEngine) -> Iterator[TransducerStream]:
    stream = engine.open(OPTIONS)
    yield stream
    engine.release(stream)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("kind", ["english", "multilingual"])
def test_keeps(
    law: Law, kind: str, engine: TransducerEngine, multilingual: Path, speech: Samples
) -> None:
    if kind == "english":
        law(engine, speech)
        return
    other = TransducerEngine(EngineSettings(str(multilingual), device="cpu", threads=1))
    law(other, speech)
    other.close()


class TestAgainstTheOriginal:
    """What transformers makes of the whole utterance at once."""

    def whole(self, folder: Path, audio: Samples, chunk: int) -> tuple[Any, Any]:
        """Encoder frames, and the tokens that its own ``generate`` finds."""
        processor = transformers.AutoProcessor.from_pretrained(folder)
        model = transformers.NemotronAsrStreamingForRNNT.from_pretrained(folder).eval()
        inputs = processor.feature_extractor(audio, sampling_rate=16_000, return_tensors="pt")
        inputs["num_lookahead_tokens"] = chunk - 1
        with torch.inference_mode():
            frames = model.get_audio_features(**inputs).pooler_output[0]
            model.generation_config.decoder_start_token_id = model.config.blank_token_id
            tokens = model.generate(**inputs, max_new_tokens=1000).sequences[0]
        return frames, [int(t) for t in tokens if t != model.config.blank_token_id]

    @pytest.mark.parametrize("milliseconds", [80, 160, 560, 1120])
    def test_each_chunk_size(
        self,
        folder: Path,
        speech: Samples,
        milliseconds: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        chunk = milliseconds // 80
        # A length after which the last chunk is whole, so that no padding tells them apart.
        whole_chunks = (len(speech) // 1280 - 1) // chunk
        audio = speech[: whole_chunks * chunk * 1280 - 640]
        frames, tokens = self.whole(folder, audio, chunk)
        engine = TransducerEngine(
            EngineSettings(str(folder), device="cpu", threads=1, chunk_ms=milliseconds)
        )
        seen: list[Any] = []
        step = engine._encoder.step

        def recording(*args: Any) -> Any:
            result = step(*args)
            seen.append(result[0][0])
            return result

        monkeypatch.setattr(engine._encoder, "step", recording)
        stream = engine.open(OPTIONS)
        for start in range(0, len(audio), 3000):
            part = audio[start : start + 3000]
            engine.run([Job(stream, part, start, False, OPTIONS)])
        utterance = stream.utterance
        assert utterance is not None
        found = torch.cat(seen)
        assert len(found) >= len(audio) // 1280 - chunk
        assert (found - frames[: len(found)]).abs().max() < 1e-4
        kept = [symbol.token for symbol in utterance.symbols]
        assert len(kept) >= 20
        assert kept == tokens[: len(kept)]
        answer = ask(engine, stream, audio[:0], len(audio))
        assert len(answer.words) >= 10
        engine.close()


class TestStreaming:
    def test_the_split_into_jobs_changes_nothing(
        self, engine: TransducerEngine, stream: TransducerStream, speech: Samples
    ) -> None:
        whole = ask(engine, stream, speech)
        for step in (333, 1280, 10_000):
            for start in range(0, len(speech), step):
                ask(engine, stream, speech[start : start + step], start, final=False)
            assert ask(engine, stream, speech[:0], len(speech)).words == whole.words

    def test_stable_words_stay(
        self, engine: TransducerEngine, stream: TransducerStream, speech: Samples
    ) -> None:
        vouched: tuple[str, ...] = ()
        for start in range(0, len(speech), 2000):
            part = speech[start : start + 2000]
            answer = ask(engine, stream, part, start, final=start + 2000 >= len(speech))
            texts = tuple(word.text for word in answer.words)
            assert texts[: len(vouched)] == vouched
            vouched = texts[: answer.stable]
            assert answer.stable >= len(texts) - 1
        assert len(vouched) == len(texts) >= 10

    def test_words_lie_where_the_audio_is(
        self, engine: TransducerEngine, stream: TransducerStream, speech: Samples
    ) -> None:
        early = ask(engine, stream, speech).words
        late = ask(engine, stream, speech, 70_000).words
        assert [w.start + 70_000 for w in early] == [w.start for w in late]
        assert all(a.end <= b.start for a, b in pairwise(late))
        assert late[-1].end <= 70_000 + len(speech)

    def test_unlike_ages_share_a_batch(self, engine: TransducerEngine, speech: Samples) -> None:
        """Sessions join one after the other; each hears what it hears alone."""
        voices = [speech_of(name) for name in ("slt-01", "rms-02", "awb-03", "slt-04")]
        alone = []
        for voice in voices:
            solo = engine.open(OPTIONS)
            alone.append(ask(engine, solo, voice).words)
        streams = [engine.open(OPTIONS) for _ in voices]
        at = [-9000 * i for i in range(len(voices))]
        last = [Hypothesis(())] * len(voices)
        sizes = set()
        while any(a < len(v) for a, v in zip(at, voices, strict=True)):
            jobs, who = [], []
            for i, voice in enumerate(voices):
                if 0 <= at[i] < len(voice):
                    part = voice[at[i] : at[i] + 3000]
                    over = at[i] + 3000 >= len(voice)
                    jobs.append(Job(streams[i], part, at[i], over, OPTIONS))
                    who.append(i)
                at[i] += 3000
            sizes.add(len(jobs))
            for i, answer in zip(who, engine.run(jobs), strict=True):
                last[i] = answer
        assert max(sizes) == len(voices)
        for answer, words in zip(last, alone, strict=True):
            assert [w.text for w in answer.words] == [w.text for w in words]
            assert [w.start for w in answer.words] == [w.start for w in words]
            scores = [w.score for w in words]
            assert [w.score for w in answer.words] == pytest.approx(scores, abs=1e-4)

    def test_one_with_nothing_to_say_beside_one_that_talks(
        self, engine: TransducerEngine, speech: Samples
    ) -> None:
        one, two = engine.open(OPTIONS), engine.open(OPTIONS)
        jobs = [Job(one, speech[:0], 0, True, OPTIONS), Job(two, speech, 0, True, OPTIONS)]
        quiet, loud = engine.run(jobs)
        assert not quiet.words
        assert loud.words

    def test_memory_of_a_stream_is_bounded(
        self, engine: TransducerEngine, stream: TransducerStream, speech: Samples
    ) -> None:
        sizes = []
        for i in range(8):
            ask(engine, stream, speech, i * len(speech), final=False)
            utterance = stream.utterance
            assert utterance is not None
            state = utterance.encoder
            sizes.append(state.keys_values.numel())
            assert sum(tail.numel() for tail in state.convolutions.values()) < 10_000
            assert len(utterance.pending.samples) < 16_000
        assert len(set(sizes)) == 1
        assert state.frames == 14


class TestFailure:
    def test_leaves_the_whole_batch_as_it_was(
        self, engine: TransducerEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, two = engine.open(OPTIONS), engine.open(OPTIONS)
        expected = text(ask(engine, engine.open(OPTIONS), speech))
        half = len(speech) // 2
        engine.run([Job(s, speech[:half], 0, False, OPTIONS) for s in (one, two)])
        rest = [Job(s, speech[half:], half, True, OPTIONS) for s in (one, two)]
        step, calls = engine._decoder.step, 0

        def failing(*args: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 3:
                raise RuntimeError("out of memory")
            return step(*args)

        monkeypatch.setattr(engine._decoder, "step", failing)
        with pytest.raises(EngineError, match="out of memory"):
            engine.run(rest)
        assert [text(engine.run([job])[0]) for job in rest] == [expected, expected]

    def test_a_session_that_starts_over_is_heard_afresh(
        self, engine: TransducerEngine, stream: TransducerStream, speech: Samples
    ) -> None:
        expected = ask(engine, stream, speech, 500)
        ask(engine, stream, speech[:20_000], 500, final=False)
        assert ask(engine, stream, speech, 500).words == expected.words

    def test_release_and_reset_free_the_caches(
        self, engine: TransducerEngine, speech: Samples
    ) -> None:
        for free in (engine.reset, engine.release):
            stream = engine.open(OPTIONS)
            ask(engine, stream, speech, final=False)
            assert stream.utterance is not None
            free(stream)
            assert stream.utterance is None
