from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio import AudioFormat, Frontend, Heard, open_decoder
from livestt.engines import Samples
from livestt.vad import FRAME, Probabilities

from .helpers import chunks, s16, sweep


class Loudness:
    """A VAD whose probability of a frame is its loudest sample."""

    def probabilities(self, samples: Samples) -> Probabilities:
        assert len(samples) % FRAME == 0
        return np.abs(samples).reshape(-1, FRAME).max(axis=1)


def hear(data: bytes, sizes: list[int], *, vad: Loudness | None, rate: int = 16_000) -> list[Heard]:
    frontend = Frontend(open_decoder(AudioFormat("s16le", rate)), vad)
    heard = [frontend.feed(piece) for piece in chunks(data, sizes)]
    heard += frontend.finish()
    frontend.close()
    return heard


def test_samples_come_in_whole_frames_and_the_rest_at_the_end():
    heard = hear(s16(sweep(0.1)), [600], vad=None)
    assert all(len(part.samples) == FRAME * len(part.probabilities) for part in heard[:-1])
    assert [len(heard[-1].samples), len(heard[-1].probabilities)] == [1_600 % FRAME, 1]


def test_without_vad_everything_is_speech():
    heard = hear(s16(sweep(0.1)), [10_000], vad=None)
    assert [p for part in heard for p in part.probabilities] == [1.0] * 4


def test_the_partial_frame_is_padded_for_the_vad_only():
    data = np.full(10, 16_384, "<i2").tobytes()
    (last,) = hear(data, [100], vad=Loudness())[1:]
    assert last.samples.tolist() == [0.5] * 10
    assert last.probabilities.tolist() == [0.5]


def test_an_empty_stream_is_heard_as_nothing():
    (last,) = hear(b"", [1], vad=Loudness())
    assert len(last.samples) == len(last.probabilities) == 0


@given(
    data=st.binary(max_size=9_000),
    rate=st.sampled_from([8_000, 16_000, 48_000]),
    sizes=st.lists(st.integers(1, 3_000), min_size=1, max_size=4),
)
def test_any_chunking_is_heard_the_same(data: bytes, rate: int, sizes: list[int]):
    cut = hear(data, sizes, vad=Loudness(), rate=rate)
    whole = hear(data, [len(data) + 1], vad=Loudness(), rate=rate)
    for part in ("samples", "probabilities"):
        joined = [np.concatenate([getattr(heard, part) for heard in run]) for run in (cut, whole)]
        assert np.array_equal(*joined)
