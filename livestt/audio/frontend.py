"""Bytes in, samples with speech probabilities out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from livestt.audio.decoder import NO_SAMPLES, Decoder
from livestt.engines import Samples
from livestt.vad import FRAME, Probabilities


class VadStream(Protocol):
    """Speech detection with the state of one session."""

    def probabilities(self, samples: Samples) -> Probabilities:
        """For ``n`` whole frames of `livestt.vad.FRAME` samples, ``n`` probabilities."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Audio that follows directly on the previous `Heard` of the session."""

    samples: Samples
    """Whole frames of `livestt.vad.FRAME` samples, except at the end of the input."""
    probabilities: Probabilities
    """Speech probability of each frame, 0 to 1; the last may stand for a partial frame."""


class SpeechDetector:
    """Cuts one stream's samples into whole frames, with the chance of speech in each. Blocking.

    Law: any chunking of the same samples gives the same concatenated samples and probabilities.
    """

    def __init__(self, vad_stream: VadStream | None) -> None:
        """Without ``vad_stream`` everything counts as speech: all probabilities are 1."""
        self._vad = vad_stream
        self._rest = NO_SAMPLES

    def hear(self, samples: Samples) -> Heard:
        """Take float32 ``[n]`` at 16 kHz; what is no whole frame yet waits for the next call."""
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % FRAME
        self._rest = samples[whole:].copy()
        return Heard(samples[:whole], self._probabilities(samples[:whole]))

    def finish(self) -> Heard:
        """The last partial frame, padded for the VAD only."""
        samples, self._rest = self._rest, NO_SAMPLES
        padding = np.zeros(-len(samples) % FRAME, np.float32)
        return Heard(samples, self._probabilities(np.concatenate([samples, padding])))

    def _probabilities(self, samples: Samples) -> Probabilities:
        if self._vad is None:
            return np.ones(len(samples) // FRAME, np.float32)
        return self._vad.probabilities(samples)


class Frontend:
    """Decoding and speech detection of one session. Blocking, like both of its parts.

    Law: any chunking of the same bytes gives the same concatenated samples and probabilities.
    """

    def __init__(self, decoder: Decoder, vad_stream: VadStream | None) -> None:
        """Without ``vad_stream`` everything counts as speech: all probabilities are 1."""
        self._decoder = decoder
        self._speech = SpeechDetector(vad_stream)

    @property
    def waits(self) -> bool:
        """Whether nothing is heard before the input has ended, as is known by now."""
        return self._decoder.waits

    def feed(self, data: bytes) -> Heard:
        """Take the next bytes.

        Raises:
            BadAudio: as `livestt.audio.decoder.Decoder.feed`.
        """
        return self._speech.hear(self._decoder.feed(data))

    def finish(self) -> Iterator[Heard]:
        """Say that the input has ended; iterate over the rest, a few seconds at a time.

        Raises, while iterated over:
            BadAudio: as `livestt.audio.decoder.Decoder.finish`.
        """
        for samples in self._decoder.finish():
            if len(samples):
                yield self._speech.hear(samples)
        yield self._speech.finish()

    def close(self) -> None:
        """Free the decoder. Idempotent."""
        self._decoder.close()
