"""Adjusts the speakers of a whole recording to a given number. Pure.

A diarizer has a fixed number of channels and uses as many as it hears voices. Where somebody
knows better, the channels that speak least are given up, or those that speak most without quite
reaching the threshold are believed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from livestt.speakers import Probabilities, SpeakerCount
from livestt.timebase import from_seconds

LEAST_SPEECH = from_seconds(0.5)
"""Speech of one speaker; whoever says less in the whole recording is noise, unless more speakers
are wanted."""


def counted(
    pieces: Sequence[Probabilities], frame: int, onset: float, count: SpeakerCount
) -> list[Probabilities]:
    """Activity with as many speakers as there should be.

    Args:
        pieces: float32 ``[frames, channels]`` each, of the whole recording.
        frame: samples per frame.
        onset: probability from which a channel speaks.
        count: the number of speakers there should be.
    """
    if not pieces:
        return []
    whole = np.concatenate(pieces)
    spoken = (whole >= onset).sum(axis=0) * frame
    likely = np.argsort(-(spoken + whole.mean(axis=0)), kind="stable")
    heard = max(1, int((spoken >= LEAST_SPEECH).sum()))
    wanted = min(max(heard, count.least or 1), count.most or heard + len(likely), len(likely))
    kept = np.zeros(len(likely), bool)
    kept[likely[:wanted]] = True
    peaks = np.quantile(whole, 0.99, axis=0)
    quiet = kept & (spoken < LEAST_SPEECH)
    louder = np.maximum(1.0, 1.2 * onset / np.maximum(peaks, 1e-6))
    factors = np.where(quiet, louder, 1.0).astype(np.float32)
    return [_given_to(piece * factors, kept) for piece in pieces]


def _given_to(piece: Probabilities, kept: npt.NDArray[np.bool_]) -> Probabilities:
    """Whatever the others say is said by whoever is likeliest of those that are kept."""
    given = np.clip(piece, 0.0, 1.0)
    others = np.where(kept, 0.0, given).max(axis=1)
    nearest = np.where(kept, given, -1.0).argmax(axis=1)
    given = np.where(kept, given, 0.0)
    rows = np.arange(len(given))
    given[rows, nearest] = np.maximum(given[rows, nearest], others)
    return given.astype(np.float32)
