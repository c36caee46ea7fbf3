"""Where speech starts and ends, from the probability of each frame. Pure.

Theory of operation. A frame is *high* (probability at or over ``threshold``), *low* (under
``release_threshold``) or *middle*. High frames open speech and low frames close it; middle
frames change nothing, so a voice that wavers around the threshold does not chop. Both openings
and closings must last before they count::

                high             min_speech_ms            low
    SILENCE ------------> ONSET ---------------> SPEECH ----------> PAUSE
       ^                    |                      ^                | |
       |        low         |                      |      high      | |
       +--------------------+                      +----------------+ |
       +--------------------------------------------------------------+
                                min_silence_ms
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from livestt.timebase import from_ms
from livestt.vad import FRAME


@dataclass(frozen=True, slots=True)
class EndpointingOptions:
    """The defaults end an utterance half a second after the last word."""

    threshold: float = 0.5
    """Probability from which a frame is speech."""
    release_threshold: float = 0.35
    """Probability under which a frame is silence; at most ``threshold``."""
    min_speech_ms: int = 96
    """Speech shorter than this is a click or a cough and gives nothing."""
    min_silence_ms: int = 500
    """Silence shorter than this is part of the speech around it."""
    pre_roll_ms: int = 300
    """How far before its first speech frame speech starts: soft consonants come first."""
    hangover_ms: int = 200
    """How far after its last speech frame speech ends, but never past the decision."""

    def __post_init__(self) -> None:
        if not 0 < self.release_threshold <= self.threshold <= 1:
            raise ValueError("thresholds must hold 0 < release_threshold <= threshold <= 1")
        durations = (self.min_speech_ms, self.min_silence_ms, self.pre_roll_ms, self.hangover_ms)
        if min(durations) < 0:
            raise ValueError("durations must not be negative")


@dataclass(frozen=True, slots=True)
class SpeechStart:
    at: int
    """Session sample; at or after the end of the previous speech."""


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    at: int
    """Session sample, one past the speech; after its start."""


class _State(Enum):
    SILENCE = auto()
    ONSET = auto()
    SPEECH = auto()
    PAUSE = auto()


_Level = Literal["high", "middle", "low"]

_NEXT: dict[tuple[_State, _Level], _State] = {
    (_State.SILENCE, "high"): _State.ONSET,
    (_State.ONSET, "low"): _State.SILENCE,
    (_State.SPEECH, "low"): _State.PAUSE,
    (_State.PAUSE, "high"): _State.SPEECH,
}
"""What a frame does by itself; every other pair stays. Durations do the rest (`_mature`)."""


class Endpointer:
    """One session's endpointing. Starts alternate with ends, and time never goes back."""

    def __init__(self, options: EndpointingOptions | None = None) -> None:
        self._take(options or EndpointingOptions())
        self._state = _State.SILENCE
        self._position = 0
        self._onset = 0  # start of the frame that left SILENCE
        self._voiced = 0  # end of the last frame heard in ONSET or SPEECH
        self._previous_end = 0

    def configure(self, options: EndpointingOptions) -> None:
        """Judge by other options from the next frame on. What was let go by the old ones stays."""
        reach = self._pre_roll + self._min_speech
        self._previous_end = max(self._previous_end, self._position - reach)
        self._take(options)

    def _take(self, options: EndpointingOptions) -> None:
        self._threshold = options.threshold
        self._release = options.release_threshold
        self._min_speech = from_ms(options.min_speech_ms)
        self._min_silence = from_ms(options.min_silence_ms)
        self._pre_roll = from_ms(options.pre_roll_ms)
        self._hangover = from_ms(options.hangover_ms)

    @property
    def position(self) -> int:
        """Samples judged so far."""
        return self._position

    @property
    def in_speech(self) -> bool:
        """Whether the last event was a start."""
        return self._state in (_State.SPEECH, _State.PAUSE)

    def receive(self, probabilities: Iterable[float]) -> list[SpeechStart | SpeechEnd]:
        """Judge the next frames of `livestt.vad.FRAME` samples each."""
        events: list[SpeechStart | SpeechEnd] = []
        for probability in probabilities:
            self._step(self._level(probability))
            event = self._mature()
            if event is not None:
                events.append(event)
        return events

    def finish(self, total_samples: int) -> list[SpeechStart | SpeechEnd]:
        """Close open speech at the end of the audio, ``total_samples`` from the start.

        That may be less than `position`, whose last frame may have been padded.
        """
        events: list[SpeechStart | SpeechEnd] = []
        if self.in_speech:
            events.append(self._close(min(total_samples, self._position)))
        self._state = _State.SILENCE
        return events

    def _level(self, probability: float) -> _Level:
        if probability >= self._threshold:
            return "high"
        return "low" if probability < self._release else "middle"

    def _step(self, level: _Level) -> None:
        before = self._state
        self._state = _NEXT.get((before, level), before)
        if before is _State.SILENCE:
            self._onset = self._position
        self._position += FRAME
        if self._state in (_State.ONSET, _State.SPEECH):
            self._voiced = self._position

    def _mature(self) -> SpeechStart | SpeechEnd | None:
        """Let an onset or a pause that has lasted long enough count."""
        if self._state is _State.ONSET and self._position - self._onset >= self._min_speech:
            self._state = _State.SPEECH
            return SpeechStart(max(self._onset - self._pre_roll, self._previous_end))
        if self._state is _State.PAUSE and self._position - self._voiced >= self._min_silence:
            self._state = _State.SILENCE
            return self._close(self._position)
        return None

    def _close(self, decided: int) -> SpeechEnd:
        self._previous_end = min(self._voiced + self._hangover, decided)
        return SpeechEnd(self._previous_end)
