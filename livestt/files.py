"""Files through the engine: whole utterances, several at a time. Blocking.

The server and ``livestt transcribe`` both use it: the server with the scheduler of its live
sessions, whose jobs go first, the command with one of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from livestt.audio.format import AudioFormat
from livestt.audio.frontend import Heard, SpeechDetector
from livestt.audio.reading import read_audio
from livestt.engines import Capabilities, Engine, Samples, StreamOptions
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.engines.tickets import LAST, hangs, when_done
from livestt.errors import BadAudio, EngineError
from livestt.events import Event, Warned
from livestt.file_session import PACK, FileSession
from livestt.pipeline import Manner, Pipeline, endpointing
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.embeddings import Embedder
from livestt.speakers.file_driving import FileSpeakers
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.scheduler import DiarizerScheduler, EmbedderScheduler
from livestt.timebase import FOREVER, from_seconds, to_seconds
from livestt.transcript import Layout, Transcript

ANSWER_TIMEOUT = 60.0
"""Seconds after which a job that the engine has started counts as failed."""
MAX_LANES = 32
"""Most jobs of one file at a time, however many the engine takes."""
MAX_NATIVE_LANES = 4
"""Each stream of a native engine may hold a model's state, or a process."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What is asked about one file."""

    stream: StreamOptions
    """Language, task, prompt and hotwords."""
    audio: AudioFormat = field(default_factory=AudioFormat)
    manner: Manner = field(default_factory=Manner)
    """Endpointing and voice detection, where they differ from the settings."""
    candidates: tuple[str, ...] = ()
    """The languages to choose from if none is named; empty for all."""
    first_seconds: float | None = None
    """How much of the file is heard; None for all of it."""
    until_language: bool = False
    """Whether it is over as soon as the language is known."""


class Cancelled(Exception):
    """Whoever wanted the transcript has gone."""


class FileTranscription:
    """One file on its way through the engine. `run` it in a thread; `cancel` it from any.

    Memory: the audio of the jobs in flight and of as many waiting, a minute or two in all, and
    at most ten minutes where the engine is slow over one of them; plus the words themselves.

    Args:
        pipeline: settings and voice detection, shared.
        scheduler: runs the jobs, shared.
        options: what is asked.

    Attributes:
        session: what is known so far.
    """

    session: FileSession

    def __init__(self, pipeline: Pipeline, scheduler: Scheduler, options: FileOptions) -> None:
        self._pipeline = pipeline
        self._scheduler = scheduler
        self._options = options
        self._tickets: list[Ticket] = []
        self._changed = threading.Condition()
        self._cancelled = False
        self._speakers: FileSpeakers | None = None

    def cancel(self) -> None:
        """Make `run` stop soon. Idempotent."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    @property
    def voices(self) -> Mapping[int, HeardVoice]:
        """What each speaker sounds like, by number; empty if voices are not compared."""
        stage = None if self._speakers is None else self._speakers.voices
        return {} if stage is None else stage.voices

    def run(self, file: BinaryIO) -> Generator[list[Event], None, None]:
        """Transcribe.

        Args:
            file: open for binary reading, seekable; read while this runs.

        Yields:
            the events of a `FileSession` as they come, in order.

        Raises:
            BadAudio: the file holds no audio that can be decoded.
            EngineError: the engine failed on part of it.
            Cancelled: `cancel` was called.
        """
        engine = self._scheduler.engine
        streams: list[Any] = []
        try:
            for _ in range(lanes(engine.capabilities)):
                streams.append(engine.open(self._options.stream))  # noqa: PERF401 - all are released
            self.session = self._open_session(streams)
            self._speakers = self._pipeline.open_file_speakers(self._options.manner, self._wake)
            yield from self._work(file)
        finally:
            left = [t for t in self._tickets if not (t.done or self._scheduler.withdraw(t))]
            try:  # the diarizer may be in memory only while the engine has streams
                if self._speakers is not None:
                    self._speakers.close()
            finally:
                self._release(streams, left)

    def _open_session(self, streams: Sequence[Any]) -> FileSession:
        settings = self._pipeline.settings
        longest = from_seconds(settings.audio_max_len)
        return FileSession(
            streams,
            self._pipeline.engine,
            self._options.stream,
            self._options.manner.endpointing or endpointing(settings),
            longest,
            self._options.candidates,
            PACK if settings.window == "short" else longest,
        )

    def _work(self, file: BinaryIO) -> Iterator[list[Event]]:
        decoder = self._pipeline.settings.decoder
        with closing(read_audio(file, self._options.audio, decoder)) as blocks:
            yield from self._transcribe(self._heard(blocks))

    def _transcribe(self, blocks: Iterator[Heard]) -> Iterator[list[Event]]:
        session = self.session
        more = True
        while not self._is_over():
            reads = more and self._wants_audio()
            if not reads or self._has_batch():
                while (job := session.next_job()) is not None:
                    self._submit(job)
            if reads:
                block = next(blocks, None)
                more = block is not None
                self._receive(block)
            self._deliver(wait=not reads)
            if session.failure is not None:
                raise EngineError(session.failure)
            events = session.take_events()
            if self._speakers is not None:
                self._speakers.work()
                events = self._speakers.follow(events)
            if events:
                yield events
            if self._options.until_language and session.language is not None:
                return

    def _has_batch(self) -> bool:
        """Whether it is time to ask: full batches take little more than half the work."""
        session = self.session
        return session.language is None or session.waiting >= lanes(self._pipeline.engine) // 2

    def _is_over(self) -> bool:
        return self.session.ended and (self._speakers is None or self._speakers.done)

    def _wants_audio(self) -> bool:
        behind = self._speakers is not None and self._speakers.behind
        return self.session.wants_audio and not behind

    def _receive(self, block: Heard | None) -> None:
        """The next audio, or None after the last."""
        told: list[FileSession | FileSpeakers] = [self.session]
        if self._speakers is not None:
            told.append(self._speakers)
        for one in told:
            if block is None:
                one.receive_end()
            else:
                one.receive_audio(block.samples, block.probabilities)

    def _heard(self, blocks: Iterator[Samples]) -> Iterator[Heard]:
        """Audio in whole frames, with the chance of speech in each."""
        detector = SpeechDetector(self._pipeline.open_vad(self._options.manner))
        seconds = self._options.first_seconds
        if seconds is not None:
            blocks = _beginning(blocks, from_seconds(seconds))
        for block in blocks:
            yield detector.hear(block)
        yield detector.finish()

    def _submit(self, job: Any) -> None:
        deadline = time.monotonic() + LAST
        self._tickets.append(self._scheduler.submit(job, deadline, self._wake, background=True))

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _deliver(self, *, wait: bool) -> None:
        """Hand the session the answers there are."""
        with self._changed:
            while wait and not (self._cancelled or self._is_answered()):
                self._changed.wait(1.0)
                self._check_hanging()
            if self._cancelled:
                raise Cancelled
        for ticket in [ticket for ticket in self._tickets if ticket.done]:
            self._tickets.remove(ticket)
            if ticket.answer is not None:
                self.session.receive_hypothesis(ticket.job, ticket.answer)
            else:
                self._scheduler.engine.reset(ticket.job.stream)
                self.session.receive_failure(ticket.job, ticket.failure or "no answer")

    def _is_answered(self) -> bool:
        told = self._speakers is not None and self._speakers.answered
        return told or any(ticket.done for ticket in self._tickets)

    def _check_hanging(self) -> None:
        if any(map(_hangs, self._tickets)):
            raise EngineError(f"no answer from the engine within {ANSWER_TIMEOUT:.0f} s")

    def _release(self, streams: Sequence[Any], left: Sequence[Ticket]) -> None:
        """Free the streams once none of the jobs that had begun runs."""
        with self._changed:
            while not all(ticket.done or _hangs(ticket) for ticket in left):
                self._changed.wait(1.0)
        hanging = [ticket for ticket in left if not ticket.done]
        if hanging:
            log.warning("the engine hangs; what it holds for a file is freed if it answers")
        with ExitStack() as releasing:
            for stream in streams:
                release = partial(self._scheduler.engine.release, stream)
                hung = next((ticket for ticket in hanging if ticket.job.stream is stream), None)
                if hung is None:
                    releasing.callback(release)
                else:
                    when_done(hung, release)


def lanes(engine: Capabilities) -> int:
    """How many jobs of one file are open at a time: a batch at work, and one that waits."""
    at_once = engine.max_batch * engine.parallel
    if engine.streaming == "native":
        return min(at_once, MAX_NATIVE_LANES)
    return min(2 * at_once, MAX_LANES)


def file_layout(settings: Settings) -> Layout:
    """How a file's transcript breaks into segments; none is ever dropped."""
    return Layout(silence=from_seconds(settings.pause_segmentation_seconds), retention=FOREVER)


def transcribe_file(
    path: Path,
    engine: Engine,
    settings: Settings,
    on_progress: Callable[[float], None] | None = None,
    diarizer: Diarizer | None = None,
    manner: Manner | None = None,
    embedder: Embedder | None = None,
    on_warning: Callable[[Warned], None] | None = None,
) -> Transcript:
    """Transcribe a file. Deterministic.

    Args:
        path: audio or video in any form FFmpeg knows, or WAV.
        engine: a loaded engine that nobody else uses meanwhile.
        settings: language, task, voice detection and window lengths apply.
        on_progress: told the seconds of audio done so far.
        diarizer: a loaded diarizer that tells speakers apart, or None.
        manner: how this file differs from the settings.
        embedder: a loaded embedder that recognises them, or None.
        on_warning: told what is missing or doubtful in the transcript.

    Raises:
        BadAudio: the file holds no audio that can be decoded.
        EngineError: the engine failed.
        OSError: the file cannot be read.
    """
    transcript = Transcript(file_layout(settings))
    options = FileOptions(settings.stream_options(), manner=manner or Manner())
    with path.open("rb") as file:
        scheduler = Scheduler(engine)
        speakers = DiarizerScheduler(diarizer) if diarizer is not None else None
        voices = EmbedderScheduler(embedder) if embedder is not None else None
        try:
            pipeline = Pipeline(settings, engine.capabilities, speakers, embedder=voices)
            run = FileTranscription(pipeline, scheduler, options)
            for events in run.run(file):
                transcript.apply(events)
                for event in events:
                    if on_warning and isinstance(event, Warned):
                        on_warning(event)
                if on_progress:
                    on_progress(to_seconds(transcript.progress.committed))
        except BadAudio as error:
            raise BadAudio(f"{path}: {error}") from error
        except EngineError as error:
            raise EngineError(f"{path}: {error}") from error
        finally:
            scheduler.close()
            for models in (speakers, voices):
                if models is not None:
                    models.close()
    return transcript


def _hangs(ticket: Ticket) -> bool:
    """Whether the engine is at a job for longer than any job takes."""
    return hangs(ticket, ANSWER_TIMEOUT)


def _beginning(blocks: Iterator[Samples], most: int) -> Iterator[Samples]:
    """The first samples, no more blocks than hold them."""
    for block in blocks:
        yield block[:most]
        most -= len(block)
        if most <= 0:
            return
