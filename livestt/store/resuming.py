"""How a session is resumed from what is stored of it. Pure.

What the first process had heard beyond its last committed word is lost with it, and the last words'
times are the model's, off by a few hundredths of a second: a process that heard on from exactly
there would hear the rest of a word and write it as a word of its own. So the new one asks for the
audio again from a word's beginning a little earlier, and continues the text of the words it knows
(`livestt.window.Before`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from livestt.audio.format import AudioFormat
from livestt.events import (
    Attributed,
    Ended,
    Event,
    Past,
    Progress,
    Voice,
    Word,
    continued,
)
from livestt.store.entries import Resumed
from livestt.store.renumbering import Renumbering
from livestt.timebase import from_seconds
from livestt.transcript import Layout, Transcript
from livestt.window import KEEP, Before

LOOK_BACK = from_seconds(1)
"""Of audio that was silent, what is heard again after a crash: speech may have begun in it."""
NEWEST = 64
"""Stored words that the engine may be told."""


class Resumption:
    """The times and numbers of a session's second half.

    Args:
        resumed: how another process left it.
        audio: what its client sends.
        renumbers: whether speakers are counted anew. Whoever spoke last is known again by the words
            that are heard again, the others get numbers that nobody had.

    Attributes:
        first: the sample, at the client's own rate, from which its audio is needed.
        origin: the same sample at 16 kHz.
        before: what was committed, in times that count from there.
        waiting: of these words the last, which are heard again and whose speaker is to be told:
            those of whom it is not known, and before them those by which somebody is known again.
    """

    def __init__(self, resumed: Resumed, audio: AudioFormat, *, renumbers: bool = True) -> None:
        words, at = newest_words(resumed), resume_at(resumed)
        self.first = audio.own_sample(at if _is_whole(resumed) else hear_from(words, at))
        self.origin = origin = audio.session_sample(self.first)
        waiting = resumed.growing[len(resumed.growing) - resumed.waiting :]
        again = [word for word in waiting if word.start >= origin]
        self.before = Before(
            tuple(
                replace(word, start=word.start - origin, end=word.end - origin) for word in words
            ),
            at - origin,
            words[-1].language if words else None,
        )
        known = _known(words[: len(words) - resumed.waiting], origin) if renumbers else []
        count = len(known) + len(again)
        self.waiting = self.before.words[len(words) - count :] if count else ()
        self._at = at
        self._past = Past(origin, resumed.next_word - count)
        self._renumbering = Renumbering(known, resumed.speakers) if renumbers else None
        self._missed = Missed(
            words[: len(words) - resumed.waiting],
            waiting[: len(waiting) - len(again)],
            again,
            resumed.next_word - len(again),
        )

    @property
    def first_events(self) -> list[Event]:
        """What the session says before anything else."""
        return list(self._missed.settled)

    def continued(self, events: Sequence[Event]) -> list[Event]:
        """What the engine or the diarizer says of the second half, as said of the whole session."""
        if self._renumbering is not None:
            events = [said for event in events for said in self._renumbering.follow(event)]
        return [said for event in events for said in self._missed.follow(self._continued(event))]

    def _continued(self, event: Event) -> Event:
        event = continued(event, self._past)
        if isinstance(event, Progress):
            reached = (
                max(self._at, part) for part in (event.received, event.heard, event.committed)
            )
            return Progress(*reached)
        return event


class Missed:
    """Words that were stored before it was known who said them, and that are not heard again.

    Those up to the longest pause around them, the last of equals, are whose the word before was,
    the others whose the word after turns out to be.

    Args:
        before: the words before them.
        words: which they are.
        after: words after them, which are heard again; may be empty.
        following: number of the first of ``after``, or of the first word to come.

    Attributes:
        settled: what is known at once.
    """

    def __init__(
        self, before: Sequence[Word], words: Sequence[Word], after: Sequence[Word], following: int
    ) -> None:
        self._before = Voice(before[-1].speaker if before else None)
        count = 0
        if self._before.speaker is not None:
            around = [before[-1], *words, *after[:1]]
            pauses = [later.start - word.end for word, later in pairwise(around)]
            longest = max(range(len(pauses)), key=lambda i: (pauses[i], i), default=0)
            count = longest if after else len(words)
        first = following - len(words)
        self.settled = [Attributed(first, (self._before,) * count)] if count else []
        self._open = len(words) - count
        self._following = following
        self._told = False

    def follow(self, event: Event) -> list[Event]:
        """An event of the second half, with what it says of these words."""
        if not self._open:
            return [event]
        first = self._following - self._open
        match event:
            case Attributed(number, voices) if number == self._following:
                self._told = True
                voice = self._before if voices[0].speaker is None else Voice(voices[0].speaker)
                return [Attributed(first, (voice,) * self._open + voices)]
            case Ended() if not self._told:
                return [Attributed(first, (self._before,) * self._open), event]
        return [event]


def resume_at(resumed: Resumed) -> int:
    """The sample before which all words are stored, or nothing was said."""
    row = resumed.row
    return row.received if _is_whole(resumed) else max(resumed.last_end, row.committed - LOOK_BACK)


def hear_from(words: Sequence[Word], at: int) -> int:
    """The sample from which a session is heard again.

    Args:
        words: the newest that are stored, oldest first.
        at: sample before which all words are stored.

    Returns:
        One between two words, at least as long before ``at`` as an engine likes to hear where it
        left off; ``at`` itself where nobody had spoken for a while.
    """
    again = [word for word in words if word.end > at - KEEP]
    if not again:
        return at
    begin = again[0].start
    middles = [(word.end + begin) // 2 for word in words[: -len(again)][-1:]]
    return max(0, begin - LOOK_BACK, *middles)


def _known(words: Sequence[Word], origin: int) -> list[Word]:
    """Of these words the last, which are heard again from ``origin`` and whose speaker is known."""
    last = takewhile(lambda word: word.start >= origin and word.speaker, reversed(words))
    return list(last)[::-1]


def _is_whole(resumed: Resumed) -> bool:
    """Whether it was heard to its end."""
    row = resumed.row
    return row.ended is not None and row.committed == row.received


def newest_words(resumed: Resumed) -> list[Word]:
    """The newest stored words, oldest first."""
    closed = [word for segment in resumed.segments[-NEWEST:] for word in segment.words]
    return [*closed, *resumed.growing][-NEWEST:]


def with_speakers(resumed: Resumed) -> Resumed:
    """The same, for a process that tells speakers apart: it has yet to say whose the last words
    are, where the first one did not know."""
    waiting = takewhile(lambda word: word.speaker is None, reversed(resumed.growing))
    return replace(resumed, waiting=len(list(waiting)))


def resumed_view(layout: Layout, resumed: Resumed) -> Transcript:
    """The transcript as readers saw it last."""
    view = Transcript.resumed(
        layout,
        resumed.segments,
        resumed.growing[: len(resumed.growing) - resumed.waiting],
        waiting=resumed.growing[len(resumed.growing) - resumed.waiting :],
        next_id=resumed.next_line,
        words=resumed.next_word,
        at=resume_at(resumed),
        last_end=resumed.last_end,
    )
    view.language = resumed.row.language
    view.apply(resumed.row.told)
    return view
