"""The sans-IO core of a live session: audio and engine answers in, engine jobs and events out.

A session has no clock, socket, thread or model. Its owner (`livestt.driver`) calls

- `receive_audio`, `receive_flush`, `receive_end` and `configure` when something arrives,
- `next_job` to learn what to ask the engine, and `receive_hypothesis` or `receive_failure` with
  the answer; at most one job is open at a time,
- `take_events` after each of these.

Audio becomes **utterances** at the endpoints that voice activity detection finds, and they are
processed in order (`livestt.utterances`). For the one whose turn it is the session keeps a
**window** of audio, the committed words inside it (the prefix that the engine continues) and
older committed words (its context). The window is trimmed at a committed word's end, so it and
the prefix stay short however long somebody speaks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from livestt.engines import Capabilities, Hypothesis, Job, Samples, StreamOptions
from livestt.events import (
    Ended,
    Event,
    Flushed,
    LanguageDetected,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
)
from livestt.policies import Policy
from livestt.report import Report
from livestt.ring import SampleBuffer
from livestt.settling import Settling
from livestt.timebase import from_ms, from_seconds, to_seconds
from livestt.tuning import Tuning
from livestt.utterances import Stretch, Utterances
from livestt.vad.endpointing import EndpointingOptions
from livestt.watchdog import SPEECHLESS, Sounds, Speechless, all_of
from livestt.window import KEEP, Before, Window

MAX_FAILURES = 3
"""Failures in a row after which a session gives up on a piece of audio, and says so."""
TOO_SHORT = from_ms(50)
"""No word fits in less; such a remainder is not worth a job."""


class Session:
    """One audio stream from its first sample to its last committed word.

    Args:
        stream: what the engine's ``open`` returned; passed through in jobs.
        engine: the capabilities of the engine that will answer.
        policy: when words are committed; owned by this session.
        options: language, task, prompt and hotwords.
        endpointing: when speech starts and ends.
        tuning: step and window lengths.
        before: what was committed already, if it goes on where another session broke off.
        voiced: whether the probabilities are those of a voice detector. Where all audio counts as
            speech instead, only sound without a word is suspicious.
    """

    def __init__(
        self,
        stream: Any,
        engine: Capabilities,
        policy: Policy,
        options: StreamOptions | None = None,
        endpointing: EndpointingOptions | None = None,
        tuning: Tuning | None = None,
        before: Before | None = None,
        *,
        voiced: bool = True,
    ) -> None:
        before = before or Before()
        self.stream = stream
        self._native = engine.streaming == "native"
        self._options = options or StreamOptions()
        self._tuning = tuning or Tuning()
        self._longest = from_seconds(engine.max_window_seconds)
        limit = self._longest if self._native else min(self._longest, self._tuning.max_window)
        self._window = Window(limit, trims=not self._native, before=before)
        self._utterances = Utterances(
            endpointing or EndpointingOptions(), longest=limit if self._native else None
        )
        self._head: Stretch | None = None
        self._audio = SampleBuffer()
        self._report = Report()
        self._settling = Settling(self._window, policy, self._report)
        self._open_job: Job | None = None
        self._heard = 0
        self._language = before.language
        self._in_speech = False
        self._last_end = before.words[-1].end if before.words else 0
        self._sounds = None if voiced else Sounds()
        self._speechless = Speechless(self._sounds.within if self._sounds else all_of)
        self._reset = False
        self._failures = 0
        self._ending = False
        self.ended = False

    @property
    def received(self) -> int:
        """Samples received."""
        return self._audio.end

    @property
    def lag(self) -> int:
        """Samples received that no engine has heard yet."""
        progress = self._report.progress
        return progress.received - progress.heard

    @property
    def language(self) -> str | None:
        """The language asked for or detected, None while unknown."""
        return self._options.language or self._language

    def receive_audio(self, samples: Samples, probabilities: npt.NDArray[np.float32]) -> None:
        """Take decoded audio.

        Args:
            samples: float32 ``[n]`` at 16 kHz.
            probabilities: float32 ``[ceil(n / 512)]``, the chance of speech in each 512 samples.

        Raises:
            ValueError: the audio has already ended.
        """
        if self._ending:
            raise ValueError("no audio can follow the end of audio")
        if self._sounds is not None:
            self._sounds.hear(samples, self.received)
        self._audio.append(samples)
        self._utterances.hear(probabilities, self.received)
        self._advance()

    def receive_end(self) -> None:
        """No more audio will come. `Ended` follows once everything is committed."""
        if self._ending:
            return
        self._utterances.close(self.received)
        self._ending = True
        self._advance()

    def receive_flush(self, flush_id: str | None = None) -> None:
        """Commit all audio received so far, then answer `Flushed`; speech may go on.

        A word that the flush cuts in two may be left to what follows, so that it comes out
        whole. After `Ended` there is nothing left to answer.
        """
        if self.ended:
            return
        if not self._utterances.flush(flush_id, self.received):
            self._report.say(Flushed(flush_id))
        self._advance()

    def configure(self, options: StreamOptions) -> None:
        """Change language, task, prompt or hotwords from the next job on."""
        if options.language != self._options.language:
            self._language = None
        self._options = options

    def listen(self, endpointing: EndpointingOptions) -> None:
        """Let speech start and end by other options from now on."""
        self._utterances.configure(endpointing)

    def retune(self, tuning: Tuning) -> None:
        """Work with other step and window lengths from the next job on."""
        self._tuning = tuning
        if not self._native:
            self._window.limit = min(self._longest, tuning.max_window)

    @property
    def options(self) -> StreamOptions:
        return self._options

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        return self._report.take()

    def next_job(self, instead_of: Job | None = None) -> Job | None:
        """The next question for the engine, or None if there is nothing worth asking yet.

        Args:
            instead_of: the open job, if it has not been started yet. A job with more audio may
                replace it; it must then be withdrawn.
        """
        head = self._head
        if head is None or self._open_job is not instead_of:
            return None
        end = self.received if head.end is None else head.end
        if not self._native:
            end = self._window.limit_end(end)
        final = end == head.end
        if not (final or self._worth_asking(head, end)):
            return None
        start = min(self._heard if self._native else self._window.start, self.received)
        end = max(start, end)
        if instead_of is not None and (end, final) == (instead_of.end, instead_of.final):
            return None
        self._open_job = Job(
            self.stream,
            self._audio.slice(start, end),
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
        head = self._head
        if not self._settling.receive(job, hypothesis, clear=head is None or head.is_clear):
            self._break_loop(job)
            return
        reached = self._settling.reached
        if head and head.is_clear and self._speechless.too_long(head.start, reached, job.end):
            self._start_anew(head, job)
        else:
            self._after(job)

    def restart(self, stream: Any) -> Job:
        """The engine's stream is lost: the open job is asked of another."""
        assert self._open_job is not None, "no job is open"
        self.stream = stream
        self._open_job = replace(self._open_job, stream=stream)
        return self._open_job

    def take_reset(self) -> bool:
        """Whether the stream should be reset before it is asked again; True once each time."""
        reset, self._reset = self._reset, False
        return reset

    def receive_failure(self, job: Job, reason: str) -> None:
        """The engine could not answer the open job; it is asked again a few times."""
        self._close(job, heard=False)
        self._failures += 1
        if self._native and self._head is not None:
            self._heard = self._head.start
        if self._failures < MAX_FAILURES:
            return
        self._failures = 0
        self._heard = job.end
        self._report.say(
            Warned(
                "engine_error",
                f"audio from {to_seconds(job.start)} s to {to_seconds(job.end)} s could not be "
                f"transcribed: {reason}",
            )
        )
        self._settling.reject(job, "engine_error")
        if self._native and not job.final:
            # The engine has lost its place: what comes now is to it a new utterance.
            self._settling.settle_open()
            self._utterances.cut_head(job.end)
            self._finish_stretch()
        self._after(job)

    def _hole(self, head: Stretch) -> int:
        """From where on no word was heard of what somebody says."""
        return self._speechless.since(head.start, self._settling.reached)

    def _start_anew(self, head: Stretch, job: Job) -> None:
        """Clear speech, and no word of it for long: what is left of it is heard again."""
        since = max(self._hole(head), self._audio.start)
        first = self._speechless.first(head.start, self._settling.reached, job.end)
        self._speechless.begin_anew(job.end)
        self._window.go_back(since, self._audio.start)
        self._settling.start_anew()
        self._reset = True
        self._heard = head.start if self._native else self._window.start
        self._warn("no_words", first, job.end, "somebody speaks, but no word was recognised")
        self._cut_native(self._window.committed_end if self._report.interim else since)
        self._advance()

    def _break_loop(self, job: Job) -> None:
        """The decoder says the same over and over: what is not settled of it is heard again."""
        since = self._window.committed_end
        self._settling.hear_again()
        self._reset = True
        self._heard = self._window.start
        self._warn("looping", since, job.end, "the same words were recognised over and over")
        self._cut_native(since)
        self._advance()

    def _cut_native(self, at: int) -> None:
        """A native engine that starts anew hears an utterance from its start, so it begins here."""
        if self._native and at > self._window.start:
            self._utterances.cut_head(at)
            self._heard = at
            self._finish_stretch()

    def _warn(self, code: str, start: int, end: int, what: str) -> None:
        stretch = f"from {to_seconds(start)} s to {to_seconds(end)} s"
        self._report.say(Warned(code, f"{what} {stretch}; the engine tries again"))

    def _advance(self) -> None:
        """Bring everything up to date with what has been received or answered."""
        self._work_off()
        self._drop_audio()
        self._reach()
        if self._ending and self._head is None and not self.ended:
            self.ended = True
            self._report.say(Ended(self.received))

    def _work_off(self) -> None:
        """Begin the next stretch, and finish those that need no further job."""
        while (head := self._utterances.head) is not None:
            if head is not self._head:
                self._begin(head)
            if head.end is not None and not head.cut and self._in_speech:
                self._in_speech = False
                self._report.say(SpeechEnded(head.end))
            if self._open_job is not None or not self._is_done(head):
                return
            self._finish_stretch()

    def _begin(self, head: Stretch) -> None:
        self._head = head
        if not self._in_speech:
            self._in_speech = True
            self._report.say(SpeechStarted(head.spoken_from))
            pause = head.spoken_from - self._last_end
            if pause >= self._tuning.recheck_language:
                self._language = None
            if pause >= self._tuning.forget_context:
                self._settling.forget_context()
        self._settling.begin(head.start)
        self._heard = head.start if self._native else self._window.committed_end

    def _is_done(self, head: Stretch) -> bool:
        """Whether no further job about it would tell anything."""
        if head.end is None or self._settling.is_open:
            return False
        if self._native and self._heard > head.start:
            return False
        return head.end - self._heard <= TOO_SHORT

    def _finish_stretch(self) -> None:
        """All words of the head have been committed."""
        resume = self._heard if self._settling.dropped is None else self._settling.dropped
        reached = self._settling.reached
        head = self._utterances.pop(max(resume, self._window.start))
        assert head.end is not None
        self._head = None
        self._speechless.finish(head.start, reached, head.end, clear=head.is_clear)
        self._settling.finish()
        self._last_end = head.end
        if not head.cut:
            self._report.say(UtteranceEnded(head.spoken_from, head.end))
        self._report.say(*map(Flushed, head.flushes))

    def _worth_asking(self, head: Stretch, end: int) -> bool:
        if self._window.full_at(end) and not self._native:
            return True
        if not (self._settling.partial and self._tuning.partial):
            return False
        if not self._native and self._window.full_at(end + self._tuning.step):
            return False  # the full window comes soon, and two guesses in a row agree too easily
        return end >= max(self._heard + self._tuning.step, head.start + self._tuning.first_step)

    def _close(self, job: Job, *, heard: bool = True) -> None:
        if job is not self._open_job:
            raise ValueError("this is not the open job")
        self._open_job = None
        if heard:
            self._heard = max(self._heard, job.end)

    def _after(self, job: Job) -> None:
        if job.final:
            self._finish_stretch()
        elif self._window.full(job) and not self._native:
            self._settling.make_room(job.end)
        self._advance()

    def _learn_language(self, job: Job, hypothesis: Hypothesis) -> None:
        if self.language is not None or hypothesis.language is None or not hypothesis.words:
            return
        sure = hypothesis.language_probability >= 0.5 and len(job.audio) >= from_seconds(2)
        if sure:
            self._language = hypothesis.language
            self._report.say(
                LanguageDetected(self._language, hypothesis.language_probability, job.end)
            )

    def _drop_audio(self) -> None:
        """Free audio that no job will ask for."""
        keep, head = self._utterances.next_start(self.received), self._head
        if head is not None:
            keep = min(keep, self._window.start)
            if head.is_clear:  # without a word it may be stuck, and all of it be asked again
                keep = min(keep, max(self._hole(head), self._heard - SPEECHLESS) - KEEP)
        self._audio.drop_before(keep)

    def _reach(self) -> None:
        """Say how far it is: silence is heard and committed as soon as it is received."""
        if self._head is None:
            self._report.reach(self.received, self.received, self.received)
        else:
            self._report.reach(self.received, self._heard, self._window.committed_end)
