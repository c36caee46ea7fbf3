"""Which stretches of a session's audio are worked on, in order. Pure.

Voice activity detection finds **utterances**. Each is one **stretch** of audio, or several if it
was cut while it was being spoken: by a flush, or because it grew longer than an engine takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from livestt.timebase import from_ms
from livestt.vad import FRAME
from livestt.vad.endpointing import Endpointer, EndpointingOptions, SpeechEnd, SpeechStart

CLEAR = 0.9
"""Probability of a frame in which somebody clearly speaks."""
CLEAR_FRAMES = 3
"""Such frames that make an utterance speech beyond doubt. Music and noise that pass for speech
seldom have one; of real utterances all but a few per cent have many."""


@dataclass(slots=True)
class Stretch:
    """Audio ``[start, end)`` of one utterance."""

    start: int
    spoken_from: int
    """Where the utterance started; less than ``start`` after a cut."""
    end: int | None = None
    """None while it is being spoken."""
    cut: bool = False
    """Whether the utterance goes on in the next stretch."""
    flushes: list[str | None] = field(default_factory=list)
    """To be answered when all words of the stretch have been committed."""
    clear_frames: int = 0
    """Frames of the utterance so far in which somebody clearly speaks."""

    @property
    def is_clear(self) -> bool:
        """Whether this is speech beyond doubt."""
        return self.clear_frames >= CLEAR_FRAMES


class Utterances:
    """The stretches still to be processed, oldest first.

    Args:
        options: when speech starts and ends.
        longest: samples of a stretch beyond which it is cut; None never cuts.
    """

    def __init__(self, options: EndpointingOptions, longest: int | None = None) -> None:
        self._endpointer = Endpointer(options)
        self._longest = longest
        self._waiting: deque[Stretch] = deque()
        self._last_end = 0
        self._onset: deque[bool] = deque(maxlen=_onset_frames(options))
        self._lookback = _lookback(options)

    def configure(self, options: EndpointingOptions) -> None:
        """Other options for when speech starts and ends, from now on."""
        self._endpointer.configure(options)
        self._onset = deque(self._onset, maxlen=_onset_frames(options))
        self._lookback = _lookback(options)

    @property
    def head(self) -> Stretch | None:
        """The stretch whose turn it is."""
        return self._waiting[0] if self._waiting else None

    def next_start(self, received: int) -> int:
        """The earliest sample at which a stretch after the head starts, or could."""
        return self._waiting[1].start if len(self._waiting) > 1 else received - self._lookback

    def hear(self, probabilities: Iterable[float], received: int) -> None:
        """Judge the next frames; ``received`` is how many samples there are by now."""
        # As Python's own floats: at a threshold NumPy 1 and 2 compare 32-bit ones differently.
        for probability in map(float, probabilities):
            self._onset.append(probability >= CLEAR)
            for change in self._endpointer.receive((probability,)):
                self._endpoint(change)
            if self._onset[-1] and self._waiting and self._waiting[-1].end is None:
                self._waiting[-1].clear_frames += 1
            self._limit_length(min(self._endpointer.position, received))

    def close(self, received: int) -> None:
        """The audio has ended, and with it whatever is being said."""
        for change in self._endpointer.finish(received):
            self._endpoint(change)

    def flush(self, flush_id: str | None, at: int) -> bool:
        """Have a flush answered after all audio before ``at``; False if none is waiting."""
        if not self._waiting:
            return False
        last = self._waiting[-1]
        last.flushes.append(flush_id)
        if last.end is None:
            self._cut(last, at)
        return True

    def pop(self, resume: int) -> Stretch:
        """Take the head, whose words are all committed.

        Args:
            resume: sample from which the utterance is heard on, if it was cut and goes on.
        """
        head = self._waiting.popleft()
        if head.cut:
            self._waiting[0].start = min(self._waiting[0].start, resume)
        return head

    def cut_head(self, at: int) -> None:
        """End the head here; what it had after that becomes a stretch of its own."""
        head = self._waiting[0]
        if head.end is not None and head.end <= at:
            return
        rest = Stretch(at, head.spoken_from, head.end, head.cut, head.flushes, head.clear_frames)
        head.end, head.cut, head.flushes = at, True, []
        self._waiting.insert(1, rest)

    def _endpoint(self, change: SpeechStart | SpeechEnd) -> None:
        if isinstance(change, SpeechStart):
            start = max(change.at, self._last_end)
            # The frame that decided is counted by `hear`, the ones before it here.
            before = sum(self._onset) - self._onset[-1]
            self._waiting.append(Stretch(start, start, clear_frames=before))
        else:
            last = self._waiting[-1]
            last.end = self._last_end = max(last.start, change.at)

    def _limit_length(self, received: int) -> None:
        last = self._waiting[-1] if self._waiting else None
        if self._longest is None or last is None or last.end is not None:
            return
        if received - last.start > self._longest:
            self._cut(last, last.start + self._longest)

    def _cut(self, last: Stretch, at: int) -> None:
        """Cut the stretch that is being spoken in two."""
        last.end, last.cut = at, True
        self._waiting.append(Stretch(at, last.spoken_from, clear_frames=last.clear_frames))


def _onset_frames(options: EndpointingOptions) -> int:
    """Frames that decide that somebody speaks."""
    return max(1, from_ms(options.min_speech_ms) // FRAME)


def _lookback(options: EndpointingOptions) -> int:
    """How far back speech may turn out to have started."""
    return from_ms(options.pre_roll_ms + options.min_speech_ms) + FRAME
