"""Flux, ``WS /v2/listen``: a session's events as turns of a conversation. Pure.

Theory of operation. A turn starts with its first word and holds all words until it ends; each
message tells the whole turn so far. Voice detection ends an utterance after a silence; the turn
ends when the silence has lasted as long as the client's threshold asks for::

              first word                 utterance ends           silence lasts
    (no turn) ----------> StartOfTurn -> Update* -> EagerEndOfTurn -----------> EndOfTurn
                                            ^              |
                                            |  more words  |
                                            +-- TurnResumed +

``EagerEndOfTurn`` comes only where the client gave a threshold for it. livestt judges by silence
alone, so a threshold stands for a time: 0.7 for 700 ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.flux_query import CERTAIN, Thresholds
from livestt.protocols.deepgram.words import WordForm, confidence, written
from livestt.segments import joined
from livestt.timebase import from_ms, from_seconds, to_seconds
from livestt.vad.endpointing import EndpointingOptions

Message = dict[str, Any]

LONGEST = from_seconds(300)
"""Speech of one turn."""
PAUSE = from_seconds(1.2)
"""Audio without a word that counts for the end of speech."""
HANGOVER_MS = EndpointingOptions().hangover_ms
"""Silence that still belongs to an utterance."""
FORM = WordForm(punctuated=True)


class FluxTurns:
    """What the client is told.

    Args:
        about: who answers.
        thresholds: when turns end; may be changed at any time.
        detected_ms: silence after which voice detection ends an utterance; may be changed too.
    """

    def __init__(self, about: About, thresholds: Thresholds, detected_ms: int) -> None:
        self.thresholds = thresholds
        self.detected_ms = detected_ms
        self._about = about
        self._sequence = 0
        self._turn = 0
        self._words: list[Word] = []
        self._interim: tuple[Word, ...] = ()
        self._speech_from = 0
        self._started = False
        self._eager = False
        self._quiet_from: int | None = None  # where speech ended, while nobody speaks
        self._update_due = False
        self._told = ""
        self._heard = 0

    def message(self, kind: str, **content: Any) -> Message:
        """Any message of this connection; each has the next number."""
        self._sequence += 1
        return {
            "type": kind,
            "request_id": self._about.request_id,
            "sequence_id": self._sequence - 1,
            **content,
        }

    def receive_events(self, events: Iterable[Event]) -> list[Message]:
        """Take events in order; return what the client must be told, in order."""
        return [message for event in events for message in self._receive(event)]

    def guess(self) -> Message | None:
        """The newest ``Update``, or None if it would say nothing new."""
        if not (self._update_due and self._started):
            return None
        self._update_due = False
        return None if self._transcript == self._told else self._info("Update")

    def _receive(self, event: Event) -> list[Message]:
        match event:
            case SpeechStarted(at):
                quiet_from, self._quiet_from = self._quiet_from, None
                messages = [] if quiet_from is None else self._silence(at - quiet_from)
                if not self._started:
                    self._speech_from = at
                return messages
            case Interim(words):
                self._interim = words
                return self._heard_words(bool(words))
            case Committed(words):
                self._interim = ()
                self._words += words
                return [*self._heard_words(True), *self._too_long()]
            case UtteranceEnded(_, end):
                self._quiet_from = end - from_ms(min(self.detected_ms, HANGOVER_MS))
                return self._silence(from_ms(self.detected_ms))
            case Progress(_, heard):
                self._heard = max(self._heard, heard)
                if self._quiet_from is not None:
                    return self._silence(self._heard - self._quiet_from)
                return self._silence(self._wordless() - PAUSE)
            case Flushed():
                return self._end("manual")
            case Ended(at):
                self._heard = at
                return self._end("model")
            case Warned(code, message):
                return [self.message("Warning", code=code, description=message)]
            case _:
                pass
        return []

    def _heard_words(self, any_words: bool) -> list[Message]:
        self._update_due = True
        if not any_words:
            return []
        messages = []
        if not self._started:
            self._started = True
            self._update_due = False
            messages.append(self._info("StartOfTurn"))
        if self._eager:
            self._eager = False
            messages.append(self._info("TurnResumed"))
        return messages

    def _too_long(self) -> list[Message]:
        """A turn is told whole each time, so it must end some day."""
        spoken = self._words[-1].end - self._words[0].start
        return self._end("timeout") if spoken >= LONGEST else []

    def _wordless(self) -> int:
        """Audio heard since the last word, where voice detection is off and finds no utterances."""
        return self._heard - self._words[-1].end if self._words else 0

    def _silence(self, quiet: int) -> list[Message]:
        """So many samples of silence have passed."""
        if not self._started or self._interim:
            return []
        wanted = self.thresholds
        if quiet >= from_ms(wanted.silence_ms):
            by_timeout = wanted.timeout_ms < wanted.eot * CERTAIN
            return self._end("timeout" if by_timeout else "model")
        if wanted.eager is None or self._eager or quiet < from_ms(wanted.first_silence_ms):
            return []
        self._eager = True
        return [self._info("EagerEndOfTurn")]

    def _end(self, trigger: str) -> list[Message]:
        if not self._started:
            return []
        self._interim = ()
        message = {**self._info("EndOfTurn"), "trigger": trigger}
        self._turn += 1
        self._speech_from = max(self._heard, self._words[-1].end if self._words else 0)
        self._words.clear()
        self._started = self._eager = self._update_due = False
        self._quiet_from = None
        return [message]

    @property
    def _shown(self) -> list[Word]:
        return written([*self._words, *self._interim], FORM)

    @property
    def _transcript(self) -> str:
        return joined(self._shown)

    def _info(self, event: str) -> Message:
        words = self._shown
        self._told = self._transcript
        return self.message(
            "TurnInfo",
            event=event,
            turn_index=self._turn,
            audio_window_start=to_seconds(self._speech_from),
            audio_window_end=to_seconds(max([self._heard, *(word.end for word in words[-1:])])),
            transcript=self._told,
            words=[
                {
                    "word": word.text.strip(),
                    "confidence": confidence([word]),
                    "start": to_seconds(word.start),
                    "end": to_seconds(word.end),
                }
                for word in words
            ],
            end_of_turn_confidence=self._confidence(event, words),
        )

    def _confidence(self, event: str, words: list[Word]) -> float:
        """How much of the silence that ends a turn has passed, as a share of its threshold."""
        wanted = self.thresholds
        if event == "EndOfTurn":
            return wanted.eot
        if event == "EagerEndOfTurn":
            return wanted.eager or wanted.eot
        quiet = self._heard - words[-1].end if words else 0
        share = max(0.0, min(0.95, quiet / from_ms(wanted.silence_ms)))
        return round(share * (wanted.eager or wanted.eot), 3)
