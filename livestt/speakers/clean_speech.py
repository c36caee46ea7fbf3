"""Speech of one person at a time, in pieces long enough to recognise a voice. Pure.

What two people say at once tells nothing of either, and a moment of speech too little. So the
stretches in which one channel of the diarizer is alone are gathered, channel by channel, until
they are long enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from livestt.engines import Samples
from livestt.events import SpeakerTurn
from livestt.ring import SampleBuffer
from livestt.speakers.turns import Turns
from livestt.timebase import from_seconds

SHORTEST = from_seconds(0.3)
"""Of a stretch: the edges of turns are not exact."""
APART = from_seconds(30)
"""Stretches further apart are not put together: the channel may be somebody else's by then."""
MOST_AUDIO = from_seconds(600)
"""Audio that is kept for turns that are still to come."""


@dataclass(slots=True)
class Piece:
    """Speech of one channel of the diarizer."""

    channel: int
    """The diarizer's speaker, from 1."""
    start: int
    """First sample of the first stretch."""
    end: int
    """One past the last sample of the last."""
    turns: int = 1
    """How many turns it comes from; of several, each was too short by itself."""
    parts: list[Samples] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return sum(map(len, self.parts))

    @property
    def audio(self) -> Samples:
        return np.concatenate(self.parts)


class CleanSpeech:
    """Gathers the clean speech of one session.

    Args:
        least: samples of a piece; in a turn that goes on, later ones are twice as long.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._audio = SampleBuffer()
        self._at = 0
        self._gathered: dict[int, tuple[int, Piece]] = {}
        """By channel: the turn that goes on, by its start, and what is not in a piece of it."""
        self._short: dict[int, Piece] = {}
        """By channel: what was left of earlier turns."""
        self._told: dict[int, int] = {}
        """By channel, the start of the turn that a piece was made of last."""
        self._last: tuple[int, int, int] | None = None
        """The stretch taken last: speaker, start of the turn, end of the stretch."""

    @property
    def reached(self) -> int:
        """Sample before which nothing is needed any more."""
        return self._at

    def receive_audio(self, samples: Samples) -> None:
        self._audio.append(samples)
        self._audio.drop_before(self._audio.end - MOST_AUDIO)

    def gather(self, turns: Turns) -> list[Piece]:
        """The pieces that have become long enough, now that so much is known of who speaks."""
        until = min(turns.settled, self._audio.end)
        self._at = max(self._at, self._audio.start)
        if until <= self._at:
            return []
        ready: list[Piece] = []
        reached = until
        for turn, start, end in _alone(turns, self._at, until):
            goes_on = self._last == (turn.speaker, turn.start, start)
            if goes_on or end - start >= SHORTEST:
                ready += self._add(turn, start, end)
                self._last = (turn.speaker, turn.start, end)
            elif end == until:
                reached = start  # it may become long enough
        self._at = reached
        self._audio.drop_before(reached)
        return ready

    def _add(self, turn: SpeakerTurn, start: int, end: int) -> Iterator[Piece]:
        channel = turn.speaker
        began, piece = self._gathered.get(channel, (turn.start, Piece(channel, start, start)))
        if began != turn.start:
            yield from self._put_aside(piece)
            piece = Piece(channel, start, start)
        while start < end:
            enough = self._least * (1 + (self._told.get(channel) == turn.start))
            cut = min(end, start + enough - piece.samples)
            piece.parts.append(self._audio.slice(start, cut))
            piece.end = start = cut
            if piece.samples >= enough:
                self._told[channel] = turn.start
                yield piece
                piece = Piece(channel, start, start)
        self._gathered[channel] = turn.start, piece

    def _put_aside(self, piece: Piece) -> Iterator[Piece]:
        """What a turn has left at its end is put together with that of others."""
        if not piece.samples:
            return
        before = self._short.get(piece.channel)
        if before is not None and piece.start - before.end <= APART:
            parts = [*before.parts, *piece.parts]
            piece = Piece(piece.channel, before.start, piece.end, before.turns + 1, parts)
        self._short[piece.channel] = piece
        if piece.samples >= self._least:
            yield self._short.pop(piece.channel)


def _alone(turns: Turns, start: int, end: int) -> Iterator[tuple[SpeakerTurn, int, int]]:
    """Where exactly one turn is: the turn, from when, until when; in order."""
    there = list(turns.within(start, end))
    changes = [at for turn in there for at in (turn.start, turn.end)]
    edges = sorted({start, end, *(at for at in changes if start < at < end)})
    alone: tuple[SpeakerTurn, int, int] | None = None
    for left, right in pairwise(edges):
        covering = [turn for turn in there if turn.start < right and left < turn.end]
        sole = covering[0] if len({turn.speaker for turn in covering}) == 1 else None
        if alone and sole and alone[0] == sole and alone[2] == left:
            alone = (sole, alone[1], right)
            continue
        if alone:
            yield alone
        alone = (sole, left, right) if sole else None
    if alone:
        yield alone
