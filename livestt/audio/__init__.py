"""Decoding: the bytes that a client sends become mono float32 at 16 kHz.

::

    AudioFormat -> open_decoder -> PcmDecoder          declared, headerless
                                   AutoDecoder         by content:
                                     WavDecoder          WAVE, parsed here
                                     ContainerDecoder    the rest, FFmpeg in a thread
                                     FfmpegDecoder       or FFmpeg in a child process
                                     WholeDecoder        MP4 with its index at the end
"""

from __future__ import annotations

from typing import Literal

from livestt.audio.auto import AutoDecoder, Backend
from livestt.audio.decoder import Decoder
from livestt.audio.format import AudioFormat, Encoding
from livestt.audio.frontend import Frontend, Heard
from livestt.audio.pcm import PcmDecoder

__all__ = ["AudioFormat", "BackendName", "Decoder", "Encoding", "Frontend", "Heard", "open_decoder"]

BackendName = Literal["pyav", "ffmpeg"]


def open_decoder(audio_format: AudioFormat, backend: BackendName = "pyav") -> Decoder:
    """Open the decoder for one stream. Close it when done.

    ``backend`` is what reads containers: FFmpeg's libraries in this process, or an isolated
    ``ffmpeg`` child process.

    Raises:
        SetupError: backend ``ffmpeg`` without that program.
    """
    if audio_format.encoding == "auto":
        return AutoDecoder(_open_backend(backend))
    return PcmDecoder(audio_format.encoding, audio_format.sample_rate, audio_format.channels)


def _open_backend(name: BackendName) -> Backend:
    """Imports FFmpeg's libraries only where they are used."""
    if name == "ffmpeg":
        from livestt.audio.ffmpeg import FfmpegBackend

        return FfmpegBackend()
    from livestt.audio.container import PyAvBackend

    return PyAvBackend()
