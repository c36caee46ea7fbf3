"""The sans-IO heart: audio and engine answers in, engine jobs and events out.

A session has no clock, socket, thread or model. Its owner (`livestt.driver`) calls

- `receive_audio`, `receive_flush`, `receive_end` and `configure` when something arrives,
- `next_job` to learn what to ask the engine, and `receive_hypothesis` or `receive_failure` with
  the answer; at most one job is open at a time,
- `take_events` after each of these.

Audio becomes **utterances** at the endpoints that voice activity detection finds. They are
worked off in order. For the utterance at the head of the queue the session keeps a **window**
of audio, the committed words inside it (the prefix that the engine continues) and older
committed words (its context). The window is trimmed at a committed word's end, so it and the
prefix stay short however long somebody speaks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from livestt.engines import Capabilities, Hypothesis, Job, Samples, StreamOptions
from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    LanguageDetected,
    Progress,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)
from livestt.policies import Policy
from livestt.ring import SampleBuffer
from livestt.timebase import from_ms, from_seconds, to_seconds
from livestt.vad.endpointing import Endpointer, EndpointingOptions, SpeechEnd, SpeechStart
from livestt.window import Window

MAX_FAILURES = 3
"""Failures in a row after which a session gives up on a piece of audio, and says so."""
TOO_SHORT = from_ms(50)
"""No word fits in less; such a remainder is not worth a job."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a session trades latency for work. Samples at 16 kHz."""

    step: int = from_ms(500)
    """New audio that is worth a job."""
    first_step: int = from_ms(600)
    """Audio an utterance needs before its first job."""
    max_window: int = from_seconds(12)
    """Most content of one job."""
    recheck_language: int = from_seconds(10)
    """A pause after which a detected language is detected anew."""
    forget_context: int = from_seconds(5)
    """A pause after which earlier text no longer helps."""


@dataclass(slots=True)
class _Utterance:
    start: int
    end: int | None = None
    """None while it is being spoken."""
    continues: bool = False
    """Whether it was cut off an utterance that goes on: its start is no start of speech."""
    cut: bool = False
    """Whether its end is such a cut and no end of speech."""
    flushes: list[str | None] = field(default_factory=list)


class Session:
    """One audio stream from its first sample to its last committed word.

    Args:
        stream: what the engine's ``open`` returned; passed through in jobs.
        engine: the capabilities of the engine that will answer.
        policy: when words are committed; owned by this session.
        options: language, task, prompt and hotwords.
        endpointing: when speech starts and ends.
        tuning: step and window lengths.
    """

    def __init__(
        self,
        stream: Any,
        engine: Capabilities,
        policy: Policy,
        options: StreamOptions | None = None,
        endpointing: EndpointingOptions | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self._stream = stream
        self._native = engine.streaming == "native"
        self._policy = policy
        self._options = options or StreamOptions()
        self._endpointer = Endpointer(endpointing or EndpointingOptions())
        self._tuning = tuning or Tuning()
        limit = min(self._tuning.max_window, from_seconds(engine.max_window_seconds))
        self._window = Window(limit, trims=not self._native)
        self._audio = SampleBuffer()
        self._queue: deque[_Utterance] = deque()
        self._events: list[Event] = []
        self._open_job: Job | None = None
        self._heard = 0
        self._interim: tuple[Word, ...] = ()
        self._language: str | None = None
        self._last_end = 0
        self._doubtful = False
        self._failures = 0
        self._ending = False
        self._progress = Progress(0, 0, 0)
        self.ended = False

    @property
    def received(self) -> int:
        """Samples received."""
        return self._audio.end

    @property
    def lag(self) -> int:
        """Samples received that no engine has heard yet."""
        return self._progress.received - self._progress.heard

    @property
    def language(self) -> str | None:
        """The language asked for or detected, None while unknown."""
        return self._options.language or self._language

    def receive_audio(self, samples: Samples, probabilities: npt.NDArray[np.float32]) -> None:
        """Take decoded audio.

        Args:
            samples: float32 ``[n]`` at 16 kHz.
            probabilities: float32 ``[ceil(n / 512)]``, the chance of speech in each 512 samples.
        """
        self._audio.append(samples)
        for change in self._endpointer.receive(probabilities):
            self._endpoint(change)
        self._split_native()
        self._drop_silence()
        self._report()

    def receive_end(self) -> None:
        """No more audio will come. `Ended` follows once everything is committed."""
        if self._ending:
            return
        for change in self._endpointer.finish(self.received):
            self._endpoint(change)
        self._ending = True
        self._advance()
        self._report()

    def receive_flush(self, flush_id: str | None = None) -> None:
        """Commit all audio received so far, then answer `Flushed`; speech may go on."""
        if not self._queue:
            self._events.append(Flushed(flush_id))
            return
        last = self._queue[-1]
        last.flushes.append(flush_id)
        if last.end is None:
            self._split(last, self.received)
        self._advance()

    def configure(self, options: StreamOptions) -> None:
        """Change language, task, prompt or hotwords from the next job on."""
        if options.language != self._options.language:
            self._language = None
        self._options = options

    @property
    def options(self) -> StreamOptions:
        return self._options

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def next_job(self, instead_of: Job | None = None) -> Job | None:
        """The next question for the engine, or None if there is nothing worth asking yet.

        Args:
            instead_of: the open job, if it has not been started yet. A job with more audio may
                replace it; it must then be withdrawn.
        """
        if not self._queue or self._open_job is not instead_of:
            return None
        head = self._queue[0]
        end = self._window.limit_end(self.received if head.end is None else head.end)
        if self._native:
            end = self.received if head.end is None else head.end
        final = end == head.end
        if not (final or self._worth_asking(end)):
            return None
        if instead_of is not None and (end, final) == (instead_of.end, instead_of.final):
            return None
        start = self._heard if self._native else self._window.start
        self._open_job = Job(
            self._stream,
            self._audio.slice(start, max(start, end)),
            start,
            final,
            replace(self._options, language=self.language),
            prefix=() if self._native else tuple(self._window.prefix),
            context=() if self._native else tuple(self._window.history),
        )
        return self._open_job

    def receive_hypothesis(self, job: Job, hypothesis: Hypothesis) -> None:
        """Take the engine's answer to the open job."""
        self._close(job)
        self._failures = 0
        self._learn_language(job, hypothesis)
        words = self._fresh(hypothesis)
        self._doubtful = hypothesis.rejected not in (None, "no_speech")
        if hypothesis.rejected is not None:
            self._reject(job, hypothesis.rejected)
        else:
            settled = self._policy.decide(
                replace_words(hypothesis, words), job.end, final=job.final
            )
            if not settled and self._window.full(job) and not job.final:
                settled = self._window.forced(words)
            self._settle(words[:settled], () if job.final else words[settled:])
        self._after(job)

    def receive_failure(self, job: Job, reason: str) -> None:
        """The engine could not answer the open job; it is asked again a few times."""
        self._close(job, heard=False)
        self._failures += 1
        if self._native:
            self._heard = self._queue[0].start
        if self._failures < MAX_FAILURES:
            return
        self._failures = 0
        self._heard = job.end
        self._events.append(
            Warned(
                "engine_error",
                f"audio from {to_seconds(job.start)} s to {to_seconds(job.end)} s could not be "
                f"transcribed: {reason}",
            )
        )
        self._reject(job, "engine_error")
        self._after(job)

    def _endpoint(self, change: SpeechStart | SpeechEnd) -> None:
        if isinstance(change, SpeechStart):
            self._queue.append(_Utterance(change.at))
            if len(self._queue) == 1:
                self._begin()
        elif self._queue and self._queue[-1].end is None:
            last = self._queue[-1]
            last.end = max(last.start, change.at)
            if len(self._queue) == 1:
                self._events.append(SpeechEnded(last.end))
                self._advance()

    def _begin(self) -> None:
        """The utterance at the head of the queue is up now."""
        head = self._queue[0]
        if not head.continues:
            self._events.append(SpeechStarted(head.start))
            pause = head.start - self._last_end
            if pause >= self._tuning.recheck_language:
                self._language = None
            if pause >= self._tuning.forget_context:
                self._window.history.clear()
        self._window.begin(head.start)
        self._heard = head.start
        if head.end is not None and not head.cut:
            self._events.append(SpeechEnded(head.end))

    def _advance(self) -> None:
        """Finish utterances that need no further job, and the session after its last."""
        while self._queue and self._open_job is None:
            head = self._queue[0]
            if head.end is None or head.end - self._heard > TOO_SHORT:
                break
            if self._interim or self._doubtful:
                break
            if self._native and self._heard > head.start:
                break
            self._finish_utterance()
        if self._ending and not self._queue and not self.ended:
            self.ended = True
            self._report()
            self._events.append(Ended(self.received))

    def _finish_utterance(self) -> None:
        head = self._queue.popleft()
        assert head.end is not None
        self._settle((), ())
        self._doubtful = False
        self._window.finish()
        self._policy.reset()
        self._last_end = head.end
        if not head.cut:
            self._events.append(UtteranceEnded(head.start, head.end))
        self._events += [Flushed(flush_id) for flush_id in head.flushes]
        if self._queue:
            self._begin()

    def _split(self, utterance: _Utterance, at: int) -> None:
        """Cut an utterance that is still being spoken in two."""
        utterance.end = at
        utterance.cut = True
        self._queue.append(_Utterance(at, continues=True))

    def _split_native(self) -> None:
        """Native engines decode utterance by utterance, so none may grow without bound."""
        while self._native and self._queue and self._queue[-1].end is None:
            last = self._queue[-1]
            if self.received - last.start <= self._window.limit:
                break
            self._split(last, last.start + self._window.limit)

    def _worth_asking(self, end: int) -> bool:
        if self._window.full_at(end) and not self._native:
            return True
        first = self._queue[0].start + self._tuning.first_step
        return self._policy.partial and end >= max(self._heard + self._tuning.step, first)

    def _close(self, job: Job, *, heard: bool = True) -> None:
        if job is not self._open_job:
            raise ValueError("this is not the open job")
        self._open_job = None
        if heard:
            self._heard = max(self._heard, job.end)

    def _after(self, job: Job) -> None:
        if job.final:
            self._finish_utterance()
        elif self._window.full(job) and not self._native:
            self._window.make_room(job.end)
        self._advance()
        self._drop_silence()
        self._report()

    def _fresh(self, hypothesis: Hypothesis) -> tuple[Word, ...]:
        """The words of an answer that are not committed yet, in order and without overlap."""
        words = list(hypothesis.words)
        if self._native:
            del words[: len(self._window.prefix)]
        while words and not self._window.untouched and _is_punctuation(words[0].text):
            # The word it belongs to is committed without it, and committed words never change.
            del words[0]
        fresh: list[Word] = []
        earliest = self._window.committed_end
        for word in words:
            start = max(word.start, earliest)
            end = max(word.end, start + 1)
            fresh.append(replace(word, start=start, end=end))
            earliest = end
        return tuple(fresh)

    def _settle(self, committed: tuple[Word, ...], interim: tuple[Word, ...]) -> None:
        """Say what changed: words committed now, and the words still open."""
        if committed:
            self._events.append(Committed(committed))
            self._window.commit(committed)
            self._interim = ()
        if interim != self._interim:
            self._events.append(Interim(interim))
            self._interim = interim

    def _reject(self, job: Job, reason: str) -> None:
        """An answer that cannot be used. What was already shown is kept, unless it was noise."""
        if reason == "no_speech":
            self._settle((), ())
        elif job.final or self._window.full(job):
            self._settle(self._interim, ())

    def _learn_language(self, job: Job, hypothesis: Hypothesis) -> None:
        if self.language is not None or hypothesis.language is None or not hypothesis.words:
            return
        sure = hypothesis.language_probability >= 0.5 and len(job.audio) >= from_seconds(2)
        if sure:
            self._language = hypothesis.language
            self._events.append(
                LanguageDetected(self._language, hypothesis.language_probability, job.end)
            )

    def _drop_silence(self) -> None:
        """Free audio that no job will ask for."""
        keep = self._window.start if self._queue else self.received - from_seconds(2)
        self._audio.drop_before(max(0, keep))

    def _report(self) -> None:
        received = self.received
        heard = max(self._heard, self._progress.heard) if self._queue else received
        committed = self._window.committed_end if self._queue else received
        progress = Progress(
            received,
            max(self._progress.heard, min(received, heard)),
            max(self._progress.committed, min(received, committed)),
        )
        if progress != self._progress:
            self._progress = progress
            self._events.append(progress)


def replace_words(hypothesis: Hypothesis, words: tuple[Word, ...]) -> Hypothesis:
    """The same answer with only its last ``len(words)`` words."""
    dropped = len(hypothesis.words) - len(words)
    attended = hypothesis.attended
    return Hypothesis(
        words,
        None if attended is None else attended[dropped:],
        stable=max(0, hypothesis.stable - dropped),
        language=hypothesis.language,
    )


def _is_punctuation(text: str) -> bool:
    return not text.startswith(" ") and not any(c.isalnum() for c in text)
