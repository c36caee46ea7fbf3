"""The streaming diarizers, with the small models of the fixtures."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livestt.errors import BadModel, UnsupportedOption
from livestt.speakers import DiarizerJob, DiarizerSettings
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.speakers.sortformer import SortformerDiarizer
from tests.speakers.fixture_models import (
    MODELS,
    conversation,
    joined,
    loaded,
    run,
    said_by,
    speech,
    turns,
)

KINDS = ("nemotron", "sortformer")
VECTORS = Path(__file__).parents[1] / "vectors/diarization.npz"

both = pytest.mark.parametrize("kind", KINDS)


class TestSpeakers:
    @both
    @pytest.mark.parametrize("latency", ["0.32", "0.64", "1.04"])
    def test_two_voices_keep_their_channels_in_order_of_arrival(
        self, kind: str, latency: str
    ) -> None:
        diarizer = loaded(kind, latency)
        audio, turns = conversation("slt-01", "rms-02", "slt-03", "rms-04", "slt-05", "rms-06")
        said = list(said_by(joined(run(diarizer, audio)), diarizer.capabilities.frame, turns))
        assert [channel for _, channel, _ in said] == [0, 1, 0, 1, 0, 1]
        assert np.mean([share for _, _, share in said]) > 0.8

    @both
    def test_whoever_comes_first_is_speaker_0(self, kind: str) -> None:
        diarizer = loaded(kind)
        audio, turns = conversation("rms-02", "slt-01", "rms-04", "slt-03")
        said = said_by(joined(run(diarizer, audio)), diarizer.capabilities.frame, turns)
        assert [channel for _, channel, _ in said] == [0, 1, 0, 1]

    @both
    def test_silence_has_no_speaker(self, kind: str) -> None:
        diarizer = loaded(kind)
        said = turns("stream-long-pause")
        edges = [(end, start) for (_, _, end), (_, start, _) in pairwise(said)]
        end, start = max(edges, key=lambda edge: edge[1] - edge[0])
        assert start - end > 5
        frame = diarizer.capabilities.frame
        silent = slice(int((end + 0.3) * 16_000 / frame), int((start - 0.3) * 16_000 / frame))
        active = joined(run(diarizer, speech("stream-long-pause"))) > 0.5
        assert not active[silent].any()
        assert active.any()

    @both
    def test_the_stream_of_two_voices(self, kind: str) -> None:
        """49 seconds: the cache is compressed several times on the way."""
        diarizer = loaded(kind)
        probabilities = joined(run(diarizer, speech("stream-two-voices")))
        said = list(said_by(probabilities, diarizer.capabilities.frame, turns("stream-two-voices")))
        assert {(voice, channel) for voice, channel, _ in said} == {("slt", 0), ("rms", 1)}


class TestTheReference:
    """Probabilities that NeMo and transformers computed; `scripts/diarizer_vectors.py`."""

    @both
    @pytest.mark.parametrize("latency", ["0.32", "1.04", "10"])
    def test_says_the_same(self, kind: str, latency: str) -> None:
        expected = np.load(VECTORS)[f"{kind}-{latency}"]
        got = joined(run(loaded(kind, latency), speech("stream-two-voices")))
        thinned = got[:: len(got) // len(expected)][: len(expected)]
        np.testing.assert_allclose(thinned, expected, atol=1e-4)


class TestSessions:
    @both
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(cuts=st.lists(st.integers(0, 120_000), max_size=5))
    def test_the_cutting_of_the_audio_changes_nothing(self, kind: str, cuts: list[int]) -> None:
        diarizer = loaded(kind)
        audio = speech("stream-two-voices")[:120_077]
        answers = run(diarizer, audio, sorted(cuts))
        ends = [0, *(answer.end for answer in answers)]
        assert [answer.start for answer in answers] == ends[:-1]
        np.testing.assert_array_equal(joined(answers), joined(run(diarizer, audio)))

    @both
    def test_a_batch_answers_as_each_alone(self, kind: str) -> None:
        """Sessions that start at different times share batches, at unlike lengths of memory."""
        diarizer = loaded(kind, "0.64")
        audio = [
            speech("stream-two-voices")[i * 40_000 :][: 240_000 - 30_000 * i] for i in range(4)
        ]
        streams = [diarizer.open() for _ in audio]
        rows: list[list[np.ndarray]] = [[] for _ in audio]
        for turn in range(11):
            jobs = {}
            for i, sound in enumerate(audio):
                at = (turn - i) * 30_000
                if 0 <= at < len(sound):
                    final = at + 30_000 >= len(sound)
                    jobs[i] = DiarizerJob(streams[i], sound[at : at + 30_000], final)
            for i, answer in zip(jobs, diarizer.run(list(jobs.values())), strict=True):
                rows[i].append(answer.probabilities)
        for sound, got in zip(audio, rows, strict=True):
            alone = joined(run(diarizer, sound))
            np.testing.assert_allclose(np.concatenate(got), alone, atol=1e-5)

    @both
    def test_an_answer_comes_when_its_latency_has_passed(self, kind: str) -> None:
        diarizer = loaded(kind, "0.32")
        can = diarizer.capabilities
        stream = diarizer.open()
        audio = speech("slt-01")
        (early,) = diarizer.run([DiarizerJob(stream, audio[: can.latency - 1])])
        (due,) = diarizer.run([DiarizerJob(stream, audio[can.latency - 1 : can.latency])])
        assert (early.end, due.start, due.end) == (0, 0, can.step)
        assert can.latency == pytest.approx(0.32 * 16_000, abs=40)

    @both
    @pytest.mark.parametrize("samples", [0, 100, 159, 1279, 5_000, 20_001])
    def test_the_last_answer_covers_all_that_was_heard(self, kind: str, samples: int) -> None:
        diarizer = loaded(kind)
        answers = run(diarizer, speech("slt-01")[:samples])
        assert samples - 160 < answers[-1].end <= samples + diarizer.capabilities.frame

    @both
    def test_a_failure_leaves_every_session_as_it_was(
        self, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        diarizer = loaded(kind)
        audio = speech("slt-02")
        stream = diarizer.open()
        diarizer.run([DiarizerJob(stream, audio[:30_000])])
        before = stream.progress
        with monkeypatch.context() as broken:
            broken.setattr(diarizer, "_head", None)
            with pytest.raises(AttributeError):
                diarizer.run([DiarizerJob(stream, audio[30_000:], True)])
        assert stream.progress is before

    def test_sessions_meet_in_the_scheduler(self) -> None:
        diarizer = loaded("sortformer")
        scheduler = DiarizerScheduler(diarizer)
        try:
            tickets = []
            for name in ("slt-01", "rms-01"):
                done = threading.Event()
                job = DiarizerJob(diarizer.open(), speech(name), True)
                tickets.append((scheduler.submit(job, 0.0, done.set), done, name))
            for ticket, done, name in tickets:
                assert done.wait(60)
                assert ticket.answer is not None
                assert ticket.answer.end >= len(speech(name)) - 160
        finally:
            scheduler.close()


class TestLoading:
    def test_says_what_it_can(self) -> None:
        can = loaded("nemotron", "1.04").capabilities
        assert (can.name, can.frame, can.preset) == ("nemotron", 160, "1.04")
        assert loaded("sortformer").capabilities.frame == 1280

    def test_a_model_of_another_kind(self) -> None:
        with pytest.raises(BadModel, match="for nemotron, not for sortformer"):
            SortformerDiarizer(DiarizerSettings(model=str(MODELS / "nemotron")))

    def test_a_latency_it_does_not_have(self) -> None:
        with pytest.raises(UnsupportedOption, match=r"no latency 7.*1\.04"):
            SortformerDiarizer(DiarizerSettings(model=str(MODELS / "sortformer"), latency="7"))

    def test_no_gpu(self) -> None:
        settings = DiarizerSettings(model=str(MODELS / "sortformer"))
        with pytest.raises(UnsupportedOption, match="onnxruntime-gpu"):
            SortformerDiarizer(replace(settings, device="cuda"))

    def test_a_graph_that_is_none(self, tmp_path: Path) -> None:
        source = MODELS / "sortformer"
        (tmp_path / "diarizer.json").write_bytes((source / "diarizer.json").read_bytes())
        for name in ("pre.onnx", "head.onnx"):
            (tmp_path / name).write_text("not a graph")
        with pytest.raises(BadModel, match=r"pre\.onnx cannot be loaded"):
            SortformerDiarizer(DiarizerSettings(model=str(tmp_path)))
