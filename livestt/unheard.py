"""Detects sound that has hardly any speech in it. Pure.

The commonest mistake with raw audio is to send something other than was declared: floats as 16-bit
samples, 48 kHz as 16 kHz. Nothing fails then; there are just no words. Of the frames that are loud,
three in four are speech when people speak in the declared format, and few or none otherwise.
"""

from __future__ import annotations

import numpy as np

from livestt.engines import Samples
from livestt.events import Warned
from livestt.timebase import from_seconds
from livestt.vad import FRAME, Probabilities

LOUD = 0.01
"""Root mean square of a frame that counts: 40 dB below full scale."""
ENOUGH = from_seconds(10) // FRAME
"""Loud frames after which it is decided, once."""
SPEECH = 0.5
HARDLY = 0.25
"""Share of speech below which clients are told."""
WARNING = Warned(
    "hardly_speech",
    "ten seconds of sound with hardly any speech in it; if somebody is speaking, check that "
    "encoding, sample_rate and channels match the audio",
)


class Unheard:
    """Listens to the beginning of one session of raw audio."""

    def __init__(self) -> None:
        self._loud = 0
        self._speech = 0
        self._decided = False

    def receive(self, samples: Samples, probabilities: Probabilities) -> list[Warned]:
        """More audio, as `livestt.audio.frontend.Heard` has it; what clients should be told."""
        whole = len(samples) // FRAME
        if self._decided or not whole:
            return []
        frames = samples[: whole * FRAME].reshape(whole, FRAME)
        loud = np.flatnonzero(np.sqrt(np.mean(np.square(frames), axis=1)) > LOUD)
        loud = loud[: ENOUGH - self._loud]
        self._loud += len(loud)
        self._speech += int(np.count_nonzero(np.asarray(probabilities)[loud] >= SPEECH))
        self._decided = self._loud >= ENOUGH
        if self._decided and self._speech < HARDLY * self._loud:
            return [WARNING]
        return []
