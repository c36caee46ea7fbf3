"""Which words of an engine's answers are committed, and which are still open. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from livestt.engines import Hypothesis, Job
from livestt.events import Word
from livestt.policies import Policy
from livestt.report import Report
from livestt.watchdog import Watchdog
from livestt.window import Window, replace_words

SURE = 0.85
"""Mean score of words that are believed although the voice detector has doubts."""
SEVERAL = 4
"""Words of such speech that are believed before it ends. The first tenths of a second of music
often look like one short word, of which the whole leaves nothing."""


class Settling:
    """Settles the words of one session, a stretch of speech after the other.

    Args:
        window: what the engine is asked about; moved by nobody else.
        policy: when words are committed; owned by this.
        report: told of words, settled and open.

    Attributes:
        dropped: where the first word starts that the last answer about the stretch had and that
            was not settled; None if there is none.
    """

    def __init__(self, window: Window, policy: Policy, report: Report) -> None:
        self.dropped: int | None = None
        self._window = window
        self._policy = policy
        self._report = report
        self._watchdog = Watchdog()
        self._doubtful = False
        self._believed = 0

    @property
    def partial(self) -> bool:
        """Whether answers about speech that goes on are of any use."""
        return self._policy.partial

    @property
    def is_open(self) -> bool:
        """Whether another answer about the same audio could tell more."""
        return bool(self._report.interim) or self._doubtful

    @property
    def reached(self) -> int:
        """Sample where the last word ends that is settled or open."""
        interim = self._report.interim
        return max(self._window.committed_end, interim[-1].end if interim else 0)

    def begin(self, start: int) -> None:
        """A stretch of speech begins at this sample."""
        self._window.begin(start)
        self.dropped = None
        self._believed = 0

    def finish(self) -> None:
        """No more answers about this stretch will come."""
        self.retract()
        self._doubtful = False
        self._window.finish()
        self._policy.reset()

    def receive(self, job: Job, hypothesis: Hypothesis, *, clear: bool) -> bool:
        """Settle what can be settled of an answer.

        Args:
            job: what was asked.
            hypothesis: the answer.
            clear: whether the audio is speech beyond doubt.

        Returns:
            False if the decoder has fallen into a loop: nothing of the answer is used.
        """
        self._doubtful = hypothesis.rejected not in (None, "no_speech")
        if hypothesis.rejected is not None:
            self.reject(job, hypothesis.rejected)
            return True
        words = self._window.fresh(hypothesis.words, job.end)
        if self._watchdog.loops(words, self._window.committed_end):
            return False
        if clear or self._believes(words, final=job.final):
            self._decide(job, hypothesis, words)
        else:
            self._doubtful = bool(words) and believable(words) and not job.final
            self.retract()
        return True

    def reject(self, job: Job, reason: str) -> None:
        """An answer that cannot be used. What was already shown is kept, unless it was noise."""
        if reason == "no_speech":
            self.retract()
        elif job.final:
            self.settle_open()

    def settle_open(self) -> None:
        """Open words stand as they are."""
        self._settle(self._report.interim, ())

    def retract(self) -> None:
        """Open words are taken back."""
        self._settle((), ())

    def make_room(self, end: int) -> None:
        """The window is full although the policy has had its say: it moves, and no word with it."""
        forced = self._window.forced(self._report.interim)
        if forced:
            self._settle(self._report.interim[:forced], self._report.interim[forced:])
            self._policy.reset()
        self._window.make_room(end, self._report.interim[0].start if self._report.interim else end)

    def start_anew(self) -> None:
        """Nothing of what was said helps, or misleads, the decoder any more."""
        self._policy.reset()
        self.forget_context()

    def forget_context(self) -> None:
        """Earlier text no longer helps."""
        self._window.history.clear()

    def hear_again(self) -> None:
        """The decoder starts anew at the last settled word; what is open was not said."""
        self.retract()
        self.start_anew()
        self._window.begin_anew()

    def _believes(self, words: Sequence[Word], *, final: bool) -> bool:
        """Whether words of doubtful speech are shown and settled."""
        return believable(words) and (final or self._believed + len(words) >= SEVERAL)

    def _decide(self, job: Job, hypothesis: Hypothesis, words: tuple[Word, ...]) -> None:
        settled = self._policy.decide(replace_words(hypothesis, words), job.end, final=job.final)
        rest = words[settled:]
        self._settle(words[:settled], () if job.final else rest)
        if job.final and rest:
            self.dropped = rest[0].start

    def _settle(self, committed: tuple[Word, ...], interim: tuple[Word, ...]) -> None:
        """Words committed now, and the words still open."""
        self._report.settle(committed, interim)
        if committed:
            self._believed += len(committed)
            self._window.commit(committed)
            self._watchdog.commit(committed)


def believable(words: Sequence[Word]) -> bool:
    """Two weak witnesses are none: unsure words, and audio that may be music."""
    return sum(word.score for word in words) >= SURE * len(words)
