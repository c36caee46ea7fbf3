"""A session's events as ``Results``, ``SpeechStarted`` and ``UtteranceEnd``. Pure.

Theory of operation. Audio is told in **finals**: messages with ``is_final`` whose ranges
``[start, start + duration)`` follow one another without a gap, so that every committed word is
in exactly one of them. Between two finals, what is known of the next range is a guess
(``is_final: false``), and only the newest guess matters.

livestt commits words a few at a time. They are gathered until a reader has something to read:
a final is due

- at the end of an utterance, which with endpointing is also ``speech_final``,
- when another word follows the end of a sentence, or `LONGEST` of speech,
- after a pause, where voice detection is off and finds no utterances (``speech_final`` too),
- as the answer to each ``Finalize``, whether or not there are words left (``from_finalize``),
- at the end of the audio.

The last sentence of a turn thus waits for the message that ends the turn: voice agents answer
sooner if that one carries the words.

``UtteranceEnd`` keeps a clock of its own: it is due when so much audio has been heard after the
end of the last finalized word without another word, final or guessed. Audio that comes in large
pieces may tell of the next speech first; what lies between then counts all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakerSeparated,
    SpeakersMerged,
    SpeechStarted,
    UtteranceEnded,
    Word,
)
from livestt.people import People
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.query import LiveRequest
from livestt.protocols.deepgram.words import alternative
from livestt.timebase import from_seconds, to_seconds
from livestt.writing import columns, ends_sentence

Message = dict[str, Any]

READABLE = 40
"""Characters that make a finished sentence a final of its own."""
LONGEST = from_seconds(5)
"""Speech gathered for one final."""
PAUSE = from_seconds(1.2)
"""Audio without a word after which gathered words are told, utterance or not."""


class LiveResults:
    """What the client is told of one channel.

    Args:
        request: what the client asked for.
        about: who answers.
        channel: which one, from 0.

    Attributes:
        ended: whether the last message has been made.
    """

    def __init__(self, request: LiveRequest, about: About, channel: int = 0) -> None:
        self._request = request
        self._about = about
        self._index = [channel, request.channels]
        self._gathered: list[Word] = []
        self._interim: tuple[Word, ...] = ()
        self._guess_due = False
        self._progress = Progress(0, 0, 0)
        self._told_until = 0
        self._people = People()
        self._open = False  # something was said, or seemed to be, since the last speech_final
        self._last_word_end: int | None = None  # of the final words no UtteranceEnd has followed
        self.ended = False

    def receive_events(self, events: Iterable[Event]) -> list[Message]:
        """Take events in order; return what the client must be told, in order."""
        return [message for event in events for message in self._receive(event)]

    def guess(self) -> Message | None:
        """The newest ``is_final: false``, or None if it would say nothing new.

        Made when it can be sent: a client that reads slowly misses older guesses and no more.
        """
        if not self._guess_due:
            return None
        self._guess_due = False
        words = [*self._gathered, *self._interim]
        end = max([self._told_until, self._progress.heard, *(word.end for word in words[-1:])])
        return self._results(words, end, is_final=False)

    def _receive(self, event: Event) -> list[Message]:
        match event:
            case SpeechStarted(at):
                self._open = True
                return [*self._quiet_until(at), *self._speech_started(at)]
            case Interim(words):
                messages = self._quiet_until(words[0].start) if words else []
                self._interim = words
                self._open = self._open or bool(words)
                self._guess_due = self._request.interim_results
                return messages
            case Committed(words):
                messages = self._quiet_until(words[0].start) if words else []
                self._interim = ()
                return messages + self._gather(words)
            case UtteranceEnded(_, end):
                return self._utterance_ended(end)
            case Flushed():
                return [self._final(self._progress.committed, speech_final=True, finalize=True)]
            case Progress():
                self._progress = event
                return [*self._after_pause(), *self._quiet_until(event.heard)]
            case Ended(at):
                return self._last(at)
            case SpeakerNamed() | SpeakerRecognized() | SpeakersMerged() | SpeakerSeparated():
                self._people.apply(event)
            case _:
                pass
        return []

    def _speech_started(self, at: int) -> list[Message]:
        if not self._request.vad_events:
            return []
        return [{"type": "SpeechStarted", "channel": self._index, "timestamp": to_seconds(at)}]

    def _gather(self, words: Iterable[Word]) -> list[Message]:
        self._open = True
        messages = []
        for word in words:
            if self._reads_by_itself():
                messages.append(self._final(self._gathered[-1].end))
            self._gathered.append(word)
        self._guess_due = self._request.interim_results and bool(self._gathered)
        return messages

    def _reads_by_itself(self) -> bool:
        gathered = self._gathered
        if not gathered:
            return False
        if gathered[-1].end - gathered[0].start >= LONGEST:
            return True
        ends = ends_sentence(gathered[-1].text)
        return ends and sum(columns(word.text) for word in gathered) >= READABLE

    def _utterance_ended(self, end: int) -> list[Message]:
        if self._request.speech_final and self._open:
            return [self._final(end, speech_final=True)]
        self._open = False
        return [self._final(end)] if self._gathered else []

    def _after_pause(self) -> list[Message]:
        if not self._gathered or self._interim:
            return []
        end = self._gathered[-1].end
        if self._progress.heard - end < PAUSE:
            return []
        return [self._final(end, speech_final=self._request.speech_final)]

    def _quiet_until(self, at: int) -> list[Message]:
        """No word before this sample but those that were told."""
        quiet, last = self._request.utterance_end, self._last_word_end
        if quiet is None or last is None or self._gathered or self._interim:
            return []
        if at - last < quiet:
            return []
        self._last_word_end = None
        return [{"type": "UtteranceEnd", "channel": self._index, "last_word_end": to_seconds(last)}]

    def _last(self, at: int) -> list[Message]:
        self.ended = True
        self._interim = ()
        return [self._final(at)] if self._gathered or at > self._told_until else []

    def _final(self, end: int, *, speech_final: bool = False, finalize: bool = False) -> Message:
        """Everything gathered, as a range up to ``end`` or to the last word if that is later."""
        words, self._gathered = self._gathered, []
        if words:
            self._last_word_end = words[-1].end
            end = words[-1].end if finalize else max(end, words[-1].end)
        self._guess_due = self._guess_due and bool(self._interim)
        if speech_final:
            self._open = bool(self._interim)
        end = max(end, self._told_until)
        message = self._results(
            words, end, is_final=True, speech_final=speech_final, finalize=finalize
        )
        self._told_until = end
        return message

    def _results(
        self,
        words: list[Word],
        end: int,
        *,
        is_final: bool,
        speech_final: bool = False,
        finalize: bool = False,
    ) -> Message:
        start = to_seconds(self._told_until)
        form = replace(self._request.form, names=self._people.names)
        person = self._people.person
        told = [replace(word, speaker=person(word.speaker)) for word in words]
        message = {
            "type": "Results",
            "channel_index": self._index,
            "duration": round(to_seconds(end) - start, 3),
            "start": start,
            "is_final": is_final,
            "speech_final": speech_final,
            "from_finalize": finalize,
            "channel": {"alternatives": [alternative(told, form)]},
            "metadata": self._about.results_metadata(),
        }
        if is_final and self._request.form.entities:
            message["entities"] = []
        return message
