"""A file's audio, cut into pieces that can be transcribed side by side. Pure.

Voice activity detection finds utterances. Short neighbours are packed into one piece, because an
encoder's window costs the same half full; long ones are cut where they are quietest, as WhisperX
does (Bain et al. 2023, section 2.2). Both sides of such a cut hear the audio around it, so that a
word there is whole on at least one of them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from livestt.engines import Samples
from livestt.timebase import from_ms, from_seconds
from livestt.utterances import CLEAR, CLEAR_FRAMES
from livestt.vad import FRAME, Probabilities
from livestt.vad.endpointing import Endpointer, EndpointingOptions, SpeechStart

MARGIN = from_ms(500)
"""Audio past a cut inside speech that the piece before it hears too, and the other way round."""
PACKED_GAP = from_seconds(1)
"""Longest pause inside a piece made of several utterances."""
QUIET_FRAMES = 3
"""Frames in a row over which quiet is judged, about a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Audio ``[start, end)`` that is transcribed in one go. Samples."""

    start: int
    end: int
    keep_until: int | None = None
    """Words whose middle is here or later belong to the next piece; None keeps all."""
    overlaps: bool = False
    """Whether the piece before may have written the first words already."""
    clear_frames: int = 0
    """Frames of its speech, so far, in which somebody clearly speaks."""

    @property
    def is_clear(self) -> bool:
        """Whether this is speech beyond doubt."""
        return self.clear_frames >= CLEAR_FRAMES

    def halves(self, audio: Samples) -> tuple[Piece, Piece]:
        """The piece cut in two where its middle is quietest; ``audio`` is all of it."""
        energies = frame_energies(audio)
        probabilities = np.ones(len(energies), np.float32)
        third = len(energies) // 3
        cut = self.start + quietest(probabilities, energies, third, len(energies) - third)
        before = Piece(
            self.start, min(cut + MARGIN, self.end), cut, self.overlaps, self.clear_frames
        )
        after = Piece(
            max(cut - MARGIN, self.start), self.end, self.keep_until, True, self.clear_frames
        )
        return before, after


class Chunker:
    """Finds the pieces of one file, in order.

    Args:
        options: when speech starts and ends.
        longest: most samples of a piece, at least four times `MARGIN`.
        pack: most samples of a piece made of several utterances; 0 packs none.
    """

    def __init__(self, options: EndpointingOptions, longest: int, pack: int = 0) -> None:
        self._endpointer = Endpointer(options)
        self._longest = max(longest, 4 * MARGIN)
        self._pack = pack
        # Speech that pauses may have ended: it is cut only once it has outlasted that.
        patience = from_ms(max(0, options.min_silence_ms - options.hangover_ms))
        self._cut_after = self._longest + patience // FRAME * FRAME
        self._frames: deque[tuple[float, float]] = deque()  # probability and energy
        self._first = 0  # index of the oldest frame kept
        self._lookback = from_ms(options.pre_roll_ms + options.min_speech_ms) // FRAME + 2
        self._open: int | None = None  # where the speech going on is heard from
        self._overlaps = False
        self._clear = 0
        self._last_end = 0
        self._pending: Piece | None = None
        self._pieces: list[Piece] = []

    @property
    def earliest(self) -> int:
        """First sample that a piece not taken yet may need."""
        waiting = [self._first * FRAME]
        waiting += [] if self._open is None else [self._open]
        waiting += [piece.start for piece in self._pieces[:1]]
        waiting += [] if self._pending is None else [self._pending.start]
        return min(waiting)

    def hear(self, samples: Samples, probabilities: Probabilities) -> None:
        """Take the next audio: ``[n]`` samples and the chance of speech in each frame of it."""
        for frame in zip(probabilities.tolist(), frame_energies(samples).tolist(), strict=True):
            self._frames.append(frame)
            for change in self._endpointer.receive(frame[:1]):
                if isinstance(change, SpeechStart):
                    self._begin(max(change.at, self._last_end))
                else:
                    self._end(change.at)
            self._after_frame(frame[0])

    def close(self, received: int) -> None:
        """The audio has ended after this many samples."""
        for change in self._endpointer.finish(received):
            self._end(change.at)
        self._release()

    def take(self) -> list[Piece]:
        """The pieces found since the last call."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _begin(self, start: int) -> None:
        self._open, self._overlaps = start, False
        # The frame that decided is counted by `_after_frame`, the ones before it here.
        recent = list(self._frames)[-self._lookback : -1]
        self._clear = sum(probability >= CLEAR for probability, _ in recent)

    def _end(self, end: int) -> None:
        assert self._open is not None
        self._last_end = max(end, self._last_end, self._open)
        if self._last_end - self._open > self._longest:
            self._cut(self._open)
        if self._last_end > self._open:
            self._add(Piece(self._open, self._last_end, None, self._overlaps, self._clear))
        self._open = None

    def _after_frame(self, probability: float) -> None:
        position = self._endpointer.position
        if self._open is not None:
            self._clear += probability >= CLEAR
            if position - self._open >= self._cut_after:
                self._cut(self._open)
        elif self._pending is not None and position - self._pending.end > 2 * PACKED_GAP:
            self._release()
        keep = self._lookback if self._open is None else self._cut_after // FRAME + 2
        while len(self._frames) > keep:
            self._frames.popleft()
            self._first += 1

    def _cut(self, start: int) -> None:
        """The speech going on is as long as a piece may be: cut it and go on."""
        low = (start + self._longest // 2) // FRAME - self._first
        high = (start + self._longest - MARGIN) // FRAME - self._first
        table = np.array(self._frames, np.float32)
        cut = self._first * FRAME + quietest(table[:, 0], table[:, 1], low, high)
        self._add(Piece(start, cut + MARGIN, cut, self._overlaps, self._clear))
        self._open, self._overlaps = cut - MARGIN, True

    def _add(self, piece: Piece) -> None:
        before = self._pending
        if (
            before is not None
            and not piece.overlaps
            and piece.keep_until is None
            and piece.start - before.end <= PACKED_GAP
            and piece.end - before.start <= self._pack
        ):
            clear = before.clear_frames + piece.clear_frames
            self._pending = Piece(
                before.start, piece.end, overlaps=before.overlaps, clear_frames=clear
            )
            return
        self._release()
        if piece.keep_until is None and piece.end - piece.start < self._pack:
            self._pending = piece
        else:
            self._pieces.append(piece)

    def _release(self) -> None:
        if self._pending is not None:
            self._pieces.append(self._pending)
            self._pending = None


def frame_energies(samples: Samples) -> Samples:
    """Mean square of each frame of `FRAME` samples, the last padded with zeros: ``[ceil(n)]``."""
    padded = np.zeros(-(-len(samples) // FRAME) * FRAME, np.float32)
    padded[: len(samples)] = samples
    energies: Samples = np.square(padded.reshape(-1, FRAME)).mean(axis=1, dtype=np.float32)
    return energies


def quietest(probabilities: Samples, energies: Samples, low: int, high: int) -> int:
    """Where speech is best cut: the sample in the middle of its quietest frames.

    The voice detector is asked first, in steps of a tenth, and of what it finds alike the least
    loud is taken, and of that the last.

    Args:
        probabilities: of speech, for each frame.
        energies: of each frame.
        low: first frame in question.
        high: one past the last; more than ``low``.
    """
    kernel = np.ones(QUIET_FRAMES, np.float32) / QUIET_FRAMES
    levels = np.round(np.convolve(probabilities, kernel, "same"), 1)[low:high]
    loudness = np.convolve(energies, kernel, "same")[low:high]
    best = min(range(len(levels)), key=lambda i: (levels[i], loudness[i], -i))
    return (low + best) * FRAME + FRAME // 2
