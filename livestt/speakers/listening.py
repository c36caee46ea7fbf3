"""Which parts of a session a diarizer hears, and where its answers belong. Pure.

A diarizer's stream counts the samples it was given; a session counts all of them. The diarizer
hears speech and, after it, as much as it needs to answer for the speech; the silence that follows
is left out. Each part it hears is whole frames long, so that no frame covers two places.

A flush asks for answers although nothing may follow. The diarizer then hears, after what has come,
as much silence as it waits for; if the session goes on, so does the next part, from the end of the
last whole frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from livestt.engines import Samples
from livestt.ring import SampleBuffer
from livestt.speakers import Activity, DiarizerCapabilities, Probabilities
from livestt.timebase import from_ms, from_seconds
from livestt.vad import FRAME
from livestt.vad.endpointing import Endpointer, EndpointingOptions, SpeechStart

SETTLE = from_ms(400)
"""Audio after speech by which it is certain that a turn has ended."""

AT_ONCE = from_seconds(10)
"""Most samples of one question, unless a step is longer: a session that is far behind must not
hold up the others of a batch until it has caught up."""
SILENCE_SHARE = 4
"""Samples of silence for each one received that flushes may cost the diarizer, beyond the first
`SILENCE_CREDIT`. A client that flushes more often gets answers from what is known."""
SILENCE_CREDIT = from_seconds(120)


@dataclass(slots=True)
class _Part:
    """Consecutive samples that the diarizer hears."""

    start: int
    """In the session."""
    heard_at: int
    """In the diarizer's stream."""
    end: int | None = None
    """None while somebody speaks."""
    finished: bool = False
    """Whether all of it has been heard."""
    cut: bool = False
    """Whether it ends because the audio does."""
    rows: int | None = None
    """Whole frames, if it ends because of a flush."""
    silence: int = 0
    """Samples of silence that the diarizer hears after it."""


class Listening:
    """The audio of one session on its way to a diarizer.

    Args:
        diarizer: frame, step and latency.
        endpointing: when speech starts and ends.
    """

    def __init__(
        self, diarizer: DiarizerCapabilities, endpointing: EndpointingOptions | None = None
    ) -> None:
        options = endpointing or EndpointingOptions()
        self._frame = diarizer.frame
        self._step = diarizer.step
        self._most = max(diarizer.step, AT_ONCE)
        self._tail = max(diarizer.latency, from_ms(options.min_silence_ms)) + SETTLE
        self._silence = -(-diarizer.latency // diarizer.frame) * diarizer.frame
        self._lookback = from_ms(options.pre_roll_ms + options.min_speech_ms) + FRAME
        self._endpointer = Endpointer(options)
        self._audio = SampleBuffer()
        self._parts: deque[_Part] = deque()
        self._given = 0
        self._silenced = 0
        self._ended = False

    @property
    def done(self) -> bool:
        """Whether everything has been heard, and nothing will follow."""
        return self._ended and all(part.finished for part in self._parts)

    @property
    def received(self) -> int:
        """Samples received."""
        return self._audio.end

    @property
    def unheard(self) -> int:
        """Samples that the diarizer should hear and has not been given."""
        if not self._parts:
            return 0
        whole = sum(self._until(part) - part.start + part.silence for part in self._parts)
        return whole - (self._given - self._parts[0].heard_at)

    @property
    def given(self) -> int:
        """Samples that the diarizer has been given, and has answered for as far as it could."""
        return self._given

    @property
    def silent_until(self) -> int:
        """Sample before which nobody speaks, beyond what the diarizer has been given; 0 if it has
        not been given everything that it should hear."""
        return self._quiet_before() if self._is_over() else 0

    def receive(self, samples: Samples, probabilities: Iterable[float]) -> None:
        """Take audio, and the chance of speech in each `livestt.vad.FRAME` of it."""
        self._audio.append(samples)
        for change in self._endpointer.receive(probabilities):
            if isinstance(change, SpeechStart):
                self._begin(change.at)
            else:
                part = self._parts[-1]
                length = change.at + self._tail - part.start
                part.end = part.start + -(-length // self._frame) * self._frame
        if not self._parts or self._is_over():
            self._audio.drop_before(self._quiet_before())

    def flush(self) -> int:
        """What was received should be answered for, although nothing may follow.

        Returns:
            What `given` is once it has been; 0 if there have been too many flushes for that.
        """
        last = self._parts[-1] if self._parts else None
        if last is None or last.finished:
            return self._given
        if last.end is not None and last.end <= self.received:
            return last.heard_at + last.end - last.start
        rows, rest = divmod(self.received - last.start, self._frame)
        if not rows:
            return last.heard_at
        if self._silenced + self._silence > SILENCE_CREDIT + SILENCE_SHARE * self.received:
            return 0
        going_on = _Part(last.start + rows * self._frame, 0, last.end)
        last.end, last.rows = self.received, rows
        last.silence = self._silence + (self._frame - rest if rest else 0)
        self._silenced += last.silence
        going_on.heard_at = last.heard_at + last.end - last.start + last.silence
        self._parts.append(going_on)
        return going_on.heard_at

    def end(self) -> None:
        """No more audio will come."""
        self._ended = True
        last = self._parts[-1] if self._parts else None
        if last is not None and (last.end is None or last.end > self.received):
            last.end, last.cut = self.received, True

    def next(self) -> tuple[Samples, bool] | None:
        """Audio that the diarizer should hear now, and whether it is the last of all."""
        part = next((part for part in self._parts if not part.finished), None)
        if part is None:
            return None
        start = part.start + self._given - part.heard_at
        end = min(self._until(part), start + self._most)
        whole = part.end is not None and end == part.end
        if not whole and end - start < self._step:
            return None
        audio = self._audio.slice(start, end)
        if whole and part.silence:
            audio = np.concatenate([audio, np.zeros(part.silence, np.float32)])
        return audio, whole and part.cut

    def heard(self, samples: int, *, last: bool) -> None:
        """The diarizer has heard so many samples of what `next` said, and whether that was it."""
        part = next(part for part in self._parts if not part.finished)
        self._given += samples
        reached = part.start + self._given - part.heard_at
        if part.rows is None:
            part.finished = last if part.cut else reached == part.end
        else:
            part.finished = reached == (part.end or 0) + part.silence
            reached = min(reached, part.start + part.rows * self._frame)
        self._audio.drop_before(reached)

    def place(self, activity: Activity) -> tuple[int, Probabilities]:
        """The answer to what was heard last, in the session's time: first sample and activity.

        What is answered about a part only after the next one has begun lies in the silence
        between them, and is left out.
        """
        while len(self._parts) > 1 and self._parts[1].heard_at < self._given:
            self._parts.popleft()
        part = self._parts[0]
        first = max(0, -(-(part.heard_at - activity.start) // self._frame))
        at = activity.start + first * self._frame - part.heard_at
        rows = activity.probabilities[first:]
        if part.rows is not None:
            rows = rows[: max(0, part.rows - at // self._frame)]
        return at + part.start, rows

    def _begin(self, at: int) -> None:
        last = self._parts[-1] if self._parts else None
        if last is not None and last.end is not None and at <= last.end:
            last.end = None
            last.finished = False
        else:
            heard_at = 0 if last is None else last.heard_at + (last.end or 0) - last.start
            self._parts.append(_Part(at, heard_at))

    def _until(self, part: _Part) -> int:
        return self.received if part.end is None else min(part.end, self.received)

    def _quiet_before(self) -> int:
        return max(0, min(self.received, self._endpointer.position - self._lookback))

    def _is_over(self) -> bool:
        """Whether the last part cannot go on any more."""
        return not self._parts or self._is_past(self._parts[-1])

    def _is_past(self, part: _Part) -> bool:
        return part.end is not None and part.finished and self._quiet_before() > part.end
