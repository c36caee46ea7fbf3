"""From activity to turns: who speaks from when to when. Pure.

A diarizer says how likely each of its channels speaks in each frame. A channel's turn begins at
the first frame of at least ``onset`` and ends at the first below ``offset`` (hysteresis); gaps
shorter than ``min_gap`` are filled, turns shorter than ``min_turn`` dropped. Turns of different
speakers may overlap. Speakers are numbered from 1 in the order in which they are first heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livestt.events import SpeakerTurn
from livestt.timebase import from_ms

Activity = npt.NDArray[np.float32]
"""Probability that a channel speaks in a frame, ``[frames, channels]``, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """When somebody counts as speaking. Samples at 16 kHz."""

    onset: float = 0.5
    """A turn begins at a frame of at least this probability."""
    offset: float = 0.4
    """A turn ends at a frame below this probability."""
    min_turn: int = from_ms(160)
    """Shorter turns are noise."""
    min_gap: int = from_ms(240)
    """Shorter pauses of a speaker belong to the turn."""
    max_speakers: int | None = None
    """Channels that come up beyond so many speakers count for the speaker most active then."""


@dataclass(slots=True)
class _Channel:
    """One channel now: silent (``start`` None), speaking, or perhaps at an end."""

    speaker: int | None = None
    """Known from the first turn that is long enough."""
    start: int | None = None
    confirmed: bool = False
    """Whether the turn is long enough to be one."""
    quiet_since: int | None = None
    """Where the turn ends if the pause that has begun lasts."""


class Turns:
    """The turns of one session, as frames of activity come in.

    What it says does not depend on how the frames are cut into pieces.

    Args:
        options: thresholds and durations.

    Attributes:
        known: sample up to which activity has been received.
        speakers: how many have been heard.
    """

    def __init__(self, options: TurnOptions | None = None) -> None:
        self._options = options or TurnOptions()
        self._channels: list[_Channel] = []
        self._closed: deque[SpeakerTurn] = deque()
        self._news: list[SpeakerTurn] = []
        self.known = 0
        self.speakers = 0

    @property
    def settled(self) -> int:
        """Sample before which no turn will change any more."""
        doubts = [self._doubt(channel) for channel in self._channels if channel.start is not None]
        return min([self.known, *doubts])

    def receive(self, activity: Activity, start: int, frame: int) -> None:
        """Take the next frames; whatever lies between the last ones and ``start`` is silence.

        Args:
            activity: ``[frames, channels]``, always of as many channels.
            start: first sample of the first frame, not before what is known.
            frame: samples of a frame.
        """
        self.skip(start)
        for probabilities in activity:
            self._receive_frame(self._capped(probabilities), frame)

    def skip(self, until: int) -> None:
        """Nobody speaks before ``until``, beyond what is known already."""
        if until <= self.known:
            return
        for channel in self._channels:
            if channel.start is not None and channel.quiet_since is None:
                channel.quiet_since = self.known
        self.known = until
        for channel in self._channels:
            self._end_if_quiet(channel)

    def finish(self) -> None:
        """No more activity will come: turns that are going on end here."""
        for channel in self._channels:
            if channel.start is not None:
                quiet = channel.quiet_since
                self._end(channel, self.known if quiet is None else quiet)

    def take(self) -> list[SpeakerTurn]:
        """Turns that have ended since the last call."""
        news, self._news = self._news, []
        return news

    def within(self, start: int, end: int) -> Iterator[SpeakerTurn]:
        """Turns that touch ``[start, end)``; one that is going on ends at what is known."""
        for turn in self._closed:
            if turn.start < end and start < turn.end:
                yield turn
        for channel in self._channels:
            if channel.start is None or not channel.confirmed or channel.speaker is None:
                continue
            until = self.known if channel.quiet_since is None else channel.quiet_since
            if channel.start < end and start < until:
                yield SpeakerTurn(channel.speaker, channel.start, until)

    def forget(self, before: int) -> None:
        """Free turns that nobody will ask for."""
        while self._closed and self._closed[0].end <= before:
            self._closed.popleft()

    def _receive_frame(self, probabilities: npt.NDArray[np.float32], frame: int) -> None:
        while len(self._channels) < len(probabilities):
            self._channels.append(_Channel())
        at, self.known = self.known, self.known + frame
        for channel, probability in zip(self._channels, probabilities.tolist(), strict=True):
            if probability >= self._options.onset:
                if channel.start is None:
                    channel.start = at
                channel.quiet_since = None
            elif probability < self._options.offset and channel.quiet_since is None:
                channel.quiet_since = at
            if channel.start is not None:
                self._confirm(channel)
                self._end_if_quiet(channel)
            else:
                channel.quiet_since = None

    def _capped(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Voices beyond the cap lend their activity to a speaker that there is."""
        most = self._options.max_speakers
        if most is None or self.speakers < most or len(self._channels) <= most:
            return probabilities
        allowed = np.array([channel.speaker is not None for channel in self._channels])
        if not allowed.any():
            return probabilities
        capped = np.where(allowed, probabilities, 0.0).astype(np.float32)
        nearest = int(np.argmax(capped))
        capped[nearest] = probabilities.max()
        return capped

    def _confirm(self, channel: _Channel) -> None:
        assert channel.start is not None
        until = self.known if channel.quiet_since is None else channel.quiet_since
        if channel.confirmed or until - channel.start < self._options.min_turn:
            return
        most = self._options.max_speakers
        if channel.speaker is None and most is not None and self.speakers >= most:
            channel.start = channel.quiet_since = None  # came up in the same moment as the last
            return
        channel.confirmed = True
        if channel.speaker is None:
            self.speakers += 1
            channel.speaker = self.speakers

    def _end_if_quiet(self, channel: _Channel) -> None:
        since = channel.quiet_since
        if since is not None and self.known - since >= self._options.min_gap:
            self._end(channel, since)

    def _end(self, channel: _Channel, at: int) -> None:
        if channel.confirmed and channel.speaker is not None and channel.start is not None:
            turn = SpeakerTurn(channel.speaker, channel.start, at)
            self._closed.append(turn)
            self._news.append(turn)
        channel.start = channel.quiet_since = None
        channel.confirmed = False

    def _doubt(self, channel: _Channel) -> int:
        """From where a channel that speaks may still be told to be silent, or silent to speak."""
        assert channel.start is not None
        if not channel.confirmed:
            return channel.start
        return self.known if channel.quiet_since is None else channel.quiet_since
