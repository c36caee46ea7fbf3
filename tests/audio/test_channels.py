"""Channels apart: what was interleaved comes out whole, however it was cut."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio import allowance
from livestt.audio.channels import RawSplitter
from livestt.audio.format import AudioFormat
from livestt.audio.separate import APART, ContainerSplitter, separated
from livestt.errors import BadAudio


def tones(channels: int, seconds: float = 0.5) -> np.ndarray:  # type: ignore[type-arg]
    """A tone of another pitch in each channel, int16 ``[n, channels]``."""
    at = np.arange(round(seconds * 16_000))
    return np.stack(
        [np.round(9_000 * np.sin(at * 0.05 * (i + 1))).astype("<i2") for i in range(channels)], 1
    )


def flac(samples: np.ndarray) -> bytes:  # type: ignore[type-arg]
    target = io.BytesIO()
    layout = "stereo" if samples.shape[1] == 2 else "mono"
    with av.open(target, "w", format="flac") as output:
        stream = output.add_stream("flac", rate=16_000)
        stream.layout, stream.format = layout, "s16"
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", layout)
        frame.sample_rate, frame.pts = 16_000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]  # noqa: RUF007


@given(
    channels=st.integers(2, 8),
    encoding=st.sampled_from(["s16le", "f32le", "mulaw"]),
    data=st.binary(max_size=300),
    places=st.lists(st.integers(0, 300), max_size=5),
)
def test_however_it_is_cut(channels: int, encoding: str, data: bytes, places: list[int]) -> None:
    audio = AudioFormat(encoding, 16_000, channels)  # type: ignore[arg-type]
    splitter = RawSplitter(audio)
    parts = [splitter.split(piece) for piece in cut(data, places)]
    told = [b"".join(part[index] for part in parts) for index in range(channels)]
    width = splitter.apart.frame_bytes
    whole = len(data) // audio.frame_bytes
    frames = np.frombuffer(data[: whole * audio.frame_bytes], f"V{width}").reshape(-1, channels)
    assert told == [frames[:, index].tobytes() for index in range(channels)]


def apart(splitter: ContainerSplitter, data: bytes) -> list[list[bytes]]:
    """All parts of a stream."""
    parts = [splitter.split(data[i : i + 999]) for i in range(0, len(data), 999)]
    return [*parts, splitter.finish()]


def test_a_container_as_it_comes() -> None:
    said = tones(2)
    data = flac(said)
    splitter = ContainerSplitter(2)
    with closing(splitter):
        parts = apart(splitter, data)
    for index in (0, 1):
        heard = np.frombuffer(b"".join(part[index] for part in parts), "<i2")
        assert np.abs(heard - said[:, index]).max() <= 1


def test_a_container_that_can_only_be_read_at_its_end_is_refused_at_its_beginning() -> None:
    head = b"\0\0\0\x0cftypM4A \0\0\0\x40mdat" + bytes(56)
    splitter = ContainerSplitter(2)
    with closing(splitter), pytest.raises(BadAudio, match="faststart"):
        splitter.split(head)


def test_a_container_of_other_channels_is_refused() -> None:
    splitter = ContainerSplitter(2)
    with closing(splitter), pytest.raises(BadAudio, match="1 channels, not 2"):
        apart(splitter, flac(tones(1)))


def test_a_file() -> None:
    said = tones(2)
    with separated(io.BytesIO(flac(said)), AudioFormat()) as (form, files):
        assert form == APART
        for index, file in enumerate(files):
            heard = np.frombuffer(file.read(), "<i2")
            assert np.abs(heard - said[:, index]).max() <= 1


def test_a_headerless_file() -> None:
    said = tones(3)
    audio = AudioFormat("s16le", 8_000, 3)
    with separated(io.BytesIO(said.tobytes()), audio) as (form, files):
        assert form == AudioFormat("s16le", 8_000, 1)
        assert [file.read() for file in files] == [said[:, i].tobytes() for i in range(3)]


def test_no_audio_at_all() -> None:
    with pytest.raises(BadAudio), separated(io.BytesIO(b"nothing of the kind"), AudioFormat()):
        pass


def test_channels_that_would_fill_the_disk_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours of silence are a small file, and large once they are decoded."""
    file = flac(tones(2, seconds=3))
    monkeypatch.setattr(allowance, "MAX_APART_SECONDS", 7)
    with separated(io.BytesIO(file), AudioFormat()) as (_, files):
        assert len(files) == 2
    monkeypatch.setattr(allowance, "MAX_APART_SECONDS", 5)
    with (
        pytest.raises(BadAudio, match="in parts"),
        separated(io.BytesIO(file), AudioFormat()),
    ):
        pass
