"""Containers and compressed audio through FFmpeg's libraries, in this process (PyAV)."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Protocol, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.plane import AudioPlane

from livestt.audio.allowance import check_allowance
from livestt.audio.decoder import Decoder, join
from livestt.audio.explain import ADVICE, HEAD, not_audio
from livestt.audio.format import MAX_CHANNELS, MAX_RATE, MIN_RATE
from livestt.audio.pcm import mix_down, to_float
from livestt.audio.pipe import Pipe
from livestt.audio.resample import Resampler
from livestt.engines import Samples
from livestt.errors import BadAudio
from livestt.timebase import SAMPLE_RATE

FORMATS = "matroska,ogg,mp3,flac,aac,mov,wav,w64,aiff,caf,amr,mpegts,mpeg,ac3,au,asf,avi,flv"
"""FFmpeg demuxers that may run. None of them opens a second file or address, unlike playlists."""

OPTIONS = {
    "probesize": "4096",
    "analyzeduration": "0",
    "formatprobesize": "32768",
    "format_whitelist": FORMATS,
    "protocol_whitelist": "pipe",
}
"""Decide early: FFmpeg's defaults wait for seconds of MP3, and for 1 MiB of anything unknown."""

_TAGS: dict[str, str] = (
    {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
)
"""PyAV before 19 decodes every tag as it opens a file, and gives the file up for one in Latin-1."""

_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
"""FFmpeg's native sample formats, packed or planar."""

_MAX_FAILURES = 50
"""Packets in a row that may fail to decode before the stream is given up."""

_JOIN_SECONDS = 5.0

Channels = npt.NDArray[np.float32]
"""``[channels, n]``, full scale 1."""


class Source(Protocol):
    """The bytes that FFmpeg reads. It has no ``seek`` unless it can be sought."""

    @property
    def head(self) -> bytes: ...

    @property
    def taken(self) -> int:
        """Bytes read so far."""

    @property
    def ended(self) -> bool:
        """Whether the end of the input has been read."""

    def read(self, size: int) -> bytes: ...


class Seekable:
    """A complete file as a `Source`."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self.head = file.read(HEAD)
        self.taken = file.seek(0, 2)
        self.ended = True
        file.seek(0)
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


class PyAvBackend:
    """The `livestt.audio.auto.Backend` in this process: least memory and CPU."""

    def stream(self) -> Decoder:
        return ContainerDecoder()

    def whole(self, file: BinaryIO) -> Iterator[Samples]:
        """Blocks of a second or more."""
        group: list[Samples] = []
        for block in decode(Seekable(file)):
            group.append(block)
            if sum(map(len, group)) >= SAMPLE_RATE:
                yield join(group)
                group = []
        yield join(group)


class ContainerDecoder:
    """A `livestt.audio.decoder.Decoder` that runs FFmpeg in a thread of its own.

    What runs there is ``make``, by default `decode`.
    The thread ends with the input, on `close`, and when the decoder is garbage collected. It
    holds no reference to the decoder.
    """

    waits = False

    def __init__(self, make: Callable[[Source], Iterator[Samples]] | None = None) -> None:
        self._pipe = Pipe()
        self._thread = threading.Thread(
            target=_run, args=(self._pipe, make or decode), name="livestt-decoder", daemon=True
        )
        self._thread.start()
        self._abandoned = weakref.finalize(self, self._pipe.abort)

    def feed(self, data: bytes) -> Samples:
        return self._pipe.feed(data)

    def finish(self) -> Iterator[Samples]:
        samples = self._pipe.finish()
        self._thread.join(_JOIN_SECONDS)
        yield samples

    def close(self) -> None:
        self._abandoned()
        self._thread.join(_JOIN_SECONDS)


def _run(pipe: Pipe, make: Callable[[Source], Iterator[Samples]]) -> None:
    """Body of the decoder thread."""
    try:
        for samples in make(pipe):
            pipe.put(samples)
        pipe.end()
    except BadAudio as error:
        pipe.end(error)
    except BaseException:
        # A bug: nobody may wait for a thread that is gone, or take its end for silence.
        pipe.end(BadAudio(f"the decoder failed on this stream: {ADVICE}"))
        raise


def decode(source: Source) -> Iterator[Samples]:
    """Decode the first audio track of a container to blocks of 16 kHz mono.

    Raises:
        BadAudio: no format recognised, no audio track, or nothing in it can be decoded.
    """
    for channels in _decode_track(source, lambda frame: mix_down(_channels(frame))[None]):
        yield channels[0]


def decode_channels(source: Source) -> Iterator[Channels]:
    """As `decode`, but with its channels apart: blocks of ``[channels, n]``."""
    return _decode_track(source, _channels)


def open_input(source: Source | str, options: Mapping[str, str] | None = None) -> Any:
    """PyAV's ``InputContainer`` for a file, whatever its tags are written in.

    Raises:
        av.FFmpegError: it cannot be opened, or no format is recognised.
    """
    return av.open(cast(Any, source), "r", options=dict(options or {}), **cast(Any, _TAGS))


def _decode_track(source: Source, channels_of: Callable[[Any], Channels]) -> Iterator[Channels]:
    try:
        container = open_input(source, OPTIONS)
    except av.FFmpegError as error:
        raise not_audio(source.head) from error
    with container:
        if not container.streams.audio:
            raise BadAudio(f"the stream has no audio track: {ADVICE}")
        made = 0
        for channels in _convert(_frames(container, source), channels_of):
            made += channels.shape[1]
            check_allowance(made, source.taken)
            yield channels


def _frames(container: Any, source: Source) -> Iterator[Any]:
    """Decoded frames, stepping over damaged packets."""
    stream = container.streams.audio[0]
    _check_track(stream.codec_context)
    stream.codec_context.thread_count = 1
    decoded = failures = 0
    for frames in _attempts(container, stream, source):
        if frames is None:
            failures += 1
            if failures == _MAX_FAILURES and not source.ended:
                raise BadAudio(f"{failures} packets in a row are damaged: {ADVICE}")
            continue
        decoded += len(frames)
        failures = 0
        yield from frames
    if failures and not decoded:
        raise BadAudio(f"no packet of the audio track could be decoded: {ADVICE}")


def _check_track(codec: Any) -> None:
    """Refuse what no frame of the track could make right. Headers may also leave it open (0)."""
    if codec is None:
        raise BadAudio(f"the audio track has a codec that cannot be decoded: {ADVICE}")
    if codec.channels > MAX_CHANNELS or (codec.sample_rate and not _usual(codec.sample_rate)):
        raise BadAudio(
            f"the audio track has {codec.channels} channels at {codec.sample_rate} Hz: send up to"
            f" {MAX_CHANNELS} channels at {MIN_RATE} to {MAX_RATE} Hz"
        )


def _usual(rate: int) -> bool:
    return MIN_RATE <= rate <= MAX_RATE


def _attempts(container: Any, stream: Any, source: Source) -> Iterator[list[Any] | None]:
    """For each packet its frames, or None where reading or decoding it failed."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            yield None
            if source.ended:
                yield _decode(stream, None)
                return
            packets = container.demux(stream)  # the failed iterator is spent; the file is not
            continue
        if packet is None:
            return
        yield _decode(stream, packet)


def _decode(stream: Any, packet: Any) -> list[Any] | None:
    """The packet's frames, or None if it is damaged, which includes frames no track has."""
    try:
        frames = list(stream.decode(packet))
    except av.FFmpegError:
        return None
    return frames if all(_is_plausible(frame) for frame in frames) else None


def _is_plausible(frame: Any) -> bool:
    return (
        frame.format.name.removesuffix("p") in _DTYPES
        and frame.layout.nb_channels <= MAX_CHANNELS
        and _usual(frame.sample_rate)
    )


def _convert(frames: Iterator[Any], channels_of: Callable[[Any], Channels]) -> Iterator[Channels]:
    """To 16 kHz. The rate may change inside a stream (chained Ogg, HE-AAC)."""
    rate = 0
    resamplers: list[Resampler] = []
    for frame in frames:
        channels = channels_of(frame)
        if frame.sample_rate != rate or len(channels) != len(resamplers):
            if resamplers:
                yield np.stack([resampler.finish() for resampler in resamplers])
            rate, resamplers = frame.sample_rate, [Resampler(frame.sample_rate) for _ in channels]
        yield np.stack([r.feed(samples) for r, samples in zip(resamplers, channels, strict=True)])
    if resamplers:
        yield np.stack([resampler.finish() for resampler in resamplers])


def _channels(frame: Any) -> Channels:
    # Neither frame.to_ndarray() nor frame.planes: PyAV sees a ninth plane in eight planar channels,
    # which crashes (18.1) or raises (19.0).
    channels, dtype = frame.layout.nb_channels, _DTYPES[frame.format.name.removesuffix("p")]
    planes: list[Any] = [
        AudioPlane(frame, i) for i in range(channels if frame.format.is_planar else 1)
    ]
    count = frame.samples * channels // len(planes)
    values = np.stack([np.frombuffer(plane, dtype, count) for plane in planes])
    if len(planes) < channels:
        values = values.reshape(-1, channels).T
    return to_float(values)
