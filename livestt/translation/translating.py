"""What of a session is translated, and when: sans-IO, as `livestt.speakers.diarization`. Pure.

Lines are translated: whole sentences where people make pauses, with nothing to guess about what
comes next. The line that is still growing is translated as far as it is committed, again and
again, so that readers need not wait for its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from livestt.events import Ended, Event, Translated, Warned
from livestt.segments import Segment, joined, main_language
from livestt.transcript import Transcript
from livestt.translation import TranslationJob, TranslatorCapabilities
from livestt.translation.codes import find
from livestt.writing import ends_sentence

ENOUGH_NEWS = 3
"""Words by which a growing line must have grown to be worth another translation."""
ATTEMPTS = 2
MOST_WAITING = 64
"""Lines that may wait for a translator slower than speech; older ones stay as they were said."""
FAILED = Warned("translation_error", "the translator failed: a line stays untranslated")
BEHIND = Warned("translation_behind", "the translator is too slow: some lines stay untranslated")


class Translation:
    """One session's lines on their way into another language.

    Args:
        view: a transcript of its own, as another process left it if it is not new; lines that were
            waiting there for their translation wait here.
        able: what the translator can do.

    Attributes:
        target: language that lines are to be in; None translates nothing.
        source: language that lines are in; None is what the engine says of each.
        done: whether the session has ended, and its end has been said.
    """

    def __init__(self, view: Transcript, able: TranslatorCapabilities) -> None:
        self.target: str | None = None
        self.source: str | None = None
        self._view = view
        self._able = able
        self._next = view.next_id
        self._waiting = deque(_left_over(view))
        self._asked: TranslationJob | None = None
        self._failures = 0
        self._warned: set[Warned] = set()
        self._said: list[Event] = []
        self._answered: tuple[TranslationJob, str] | None = None  # of a line that grew
        self._begun: set[int] = set()  # lines of which no more than the beginning is translated
        self._known = (-1, 0)  # of the growing line: which, and how many words were asked about
        self._end: Ended | None = None
        self.done = False

    def aim(self, source: str | None, target: str | None) -> None:
        """Out of and into which language to translate what is said from now on; None as for the
        attributes."""
        if target != self.target:
            self._known = (-1, 0)
        self.source, self.target = source, target
        if target is None:
            self._waiting.clear()
            self._leave(*(line for line in self._begun if not self._asks_whole(line)))

    def follow(self, events: Sequence[Event]) -> list[Event]:
        """The session's events; its end waits until all lines are translated."""
        passed: list[Event] = []
        for event in events:
            if isinstance(event, Ended):
                self._end = event
            else:
                passed.append(event)
            self._view.apply([event])
        self._collect()
        return [*passed, *self.take_events()]

    def take_events(self) -> list[Event]:
        """What there is to say since the last time."""
        said, self._said = self._said, []
        if self._end is not None and not self.done and not (self._asked or self._wanted()):
            self.done = True
            said.append(self._end)
        return said

    def next_job(self) -> TranslationJob | None:
        """What to ask now; None if there is nothing. One job at a time."""
        while self._wanted():
            segment = self._waiting.popleft()
            job = self._job(segment.id, segment.text or "", segment.language, whole=True)
            if job is None:
                self._leave(segment.id)
            elif (known := self._answer_of(job)) is not None:
                self.receive_translation(job, known)
            else:
                self._asked, self._failures = job, 0
                return job
        self._asked = self._growing_job()
        return self._asked

    def receive_translation(self, job: TranslationJob, text: str) -> None:
        """Take the answer to the open job."""
        self._asked = None
        if job.whole:
            self._begun.discard(job.line)
            self._said.append(Translated(job.line, text, job.target))
            return
        self._answered = job, text
        if job.target == self.target and job.line == self._view.next_id:
            self._begun.add(job.line)
            self._said.append(Translated(job.line, text, job.target))

    def receive_failure(self, job: TranslationJob) -> TranslationJob | None:
        """A job failed. What to ask once more, or None if that is no use."""
        self._failures += 1
        if job.whole and self._failures < ATTEMPTS:
            return job
        self._asked = None
        if job.whole:
            self._leave(job.line)
        self._warn(FAILED)
        return None

    def give_up(self) -> None:
        """No answer can come any more: the session goes on without translations."""
        self._asked = None
        self.aim(self.source, None)
        self._warn(FAILED)

    def _collect(self) -> None:
        """The lines that have closed."""
        closed: list[Segment] = []
        for segment in reversed(self._view.segments):
            if segment.id < self._next:
                break
            closed.append(segment)
        self._next = self._view.next_id
        if self.target is None:
            return
        self._waiting.extend(one for one in reversed(closed) if not one.is_silence)
        while len(self._waiting) > MOST_WAITING:
            self._leave(self._waiting.popleft().id)
            self._warn(BEHIND)

    def _wanted(self) -> bool:
        return bool(self._waiting) and self.target is not None

    def _growing_job(self) -> TranslationJob | None:
        view, words = self._view, self._view.growing
        line, known = self._known
        if line != view.next_id:
            known = 0
        news = len(words) - known
        finished = bool(words) and news > 0 and ends_sentence(words[-1].text)
        if self.target is None or not (news >= ENOUGH_NEWS or finished):
            return None
        self._known = (view.next_id, len(words))
        return self._job(view.next_id, joined(words), main_language(words), whole=False)

    def _job(
        self, line: int, text: str, language: str | None, *, whole: bool
    ) -> TranslationJob | None:
        """The question; None where there is nothing to translate."""
        spoken = self.source or language or self._view.language
        source = find(spoken or "", self._able.languages)
        if source is None or self.target is None or source == self.target or not text:
            return None
        return TranslationJob(line, text, source, self.target, whole)

    def _answer_of(self, job: TranslationJob) -> str | None:
        """The answer, if the line did not grow any more after it was asked about."""
        if self._answered is None or replace(self._answered[0], whole=True) != job:
            return None
        return self._answered[1]

    def _asks_whole(self, line: int) -> bool:
        return self._asked is not None and self._asked.whole and self._asked.line == line

    def _leave(self, *lines: int) -> None:
        """These stay as they were said: the translation of a beginning would pass for the whole."""
        for line in sorted(self._begun.intersection(lines)):
            self._begun.discard(line)
            self._said.append(Translated(line, "", ""))

    def _warn(self, warning: Warned) -> None:
        """Say this once in a session."""
        if warning not in self._warned:
            self._warned.add(warning)
            self._said.append(warning)


def _left_over(view: Transcript) -> list[Segment]:
    """The lines after the last one that is translated; none where nothing is."""
    left: list[Segment] = []
    for segment in reversed(view.segments):
        if segment.translation is not None:
            return [one for one in reversed(left) if not one.is_silence][-MOST_WAITING:]
        left.append(segment)
    return []
