"""Files that clients send: the queue, the engine, and cancellation.

Every dialect takes its files here::

    with uploads.admit() as upload:                  # a place in the queue, before the body is read
        async with received(...) as form:            # `livestt.server.files.bodies`
            async with upload.transcribe(file, options) as heard:
                async for events in heard: ...       # committed words, as the file is processed
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, closing, contextmanager
from typing import BinaryIO, Self

import anyio
from anyio import from_thread, to_thread
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from livestt.access.keys import Grant
from livestt.engines.scheduler import Scheduler
from livestt.errors import LivesttError, Overloaded, ServerRestart, TooManyUploads
from livestt.events import Event
from livestt.files import Cancelled, FileOptions, FileTranscription
from livestt.pipeline import Pipeline
from livestt.server.access import asking
from livestt.server.files.file_models import Chosen, FileModels
from livestt.server.live.ladder import NO_NEWCOMERS
from livestt.server.live.sessions import Sessions
from livestt.server.operations.tally import Count

AHEAD = 8
"""Batches of events that wait for a client that reads slowly; then its file waits."""


class Uploads:
    """Admits files and runs a few of them at a time, in the order in which they were complete.

    Attributes:
        file_models: the models that a request may name.
        admitted: files that are being received, wait or are being transcribed.
        observers: told the samples and bytes of each file that has been processed.
    """

    def __init__(
        self, pipeline: Pipeline, scheduler: Scheduler, sessions: Sessions, file_models: FileModels
    ) -> None:
        self.file_models = file_models
        self.pipeline = pipeline
        self.scheduler = scheduler
        self.sessions = sessions
        self.turns = anyio.CapacityLimiter(pipeline.settings.max_uploads)
        self.admitted = 0
        self.observers: list[Callable[[int, int], None]] = []
        self._owners: Counter[str] = Counter()

    @property
    def running(self) -> int:
        """Files that are being transcribed."""
        return int(self.turns.borrowed_tokens)

    @property
    def max_bytes(self) -> int:
        """Largest file that is taken."""
        return self.pipeline.settings.max_upload_mb * 1_000_000

    @contextmanager
    def admit(self) -> Iterator[Upload]:
        """Take a place in the queue for the length of the block.

        Raises:
            ServerRestart: the server is about to stop.
            Overloaded: not even live sessions get their answers in time.
            TooManyUploads: the queue is full, or the key has its share.
        """
        grant = asking.grant.get()
        try:
            self._check_room(grant)
        except LivesttError as error:
            self.sessions.tally.refused[error.code] += 1
            raise
        self.admitted += 1
        self._owners[grant.name] += 1
        try:
            yield Upload(self)
        finally:
            self.admitted -= 1
            self._owners[grant.name] -= 1

    def _check_room(self, grant: Grant) -> None:
        """Keep files away that the server, or their key, has no room for."""
        settings = self.pipeline.settings
        self.sessions.admission.check_running()
        if self.sessions.ladder.level >= NO_NEWCOMERS:
            raise Overloaded("the server is overloaded; try again later")
        if self.admitted >= settings.max_uploads + settings.upload_queue:
            raise TooManyUploads(
                f"this server has reached its limit of files, {self.admitted}; try again later"
            )
        most = grant.max_sessions
        if most is not None and self._owners[grant.name] >= most:
            raise TooManyUploads(
                f"this key has reached its limit of files, {most}; try again later"
            )


class Upload:
    """A place in the queue."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    @asynccontextmanager
    async def transcribe(
        self, file: BinaryIO, options: FileOptions, chosen: Chosen | None = None
    ) -> AsyncIterator[Heard]:
        """A file in motion, from when its turn comes; leaving the block early abandons it.

        Args:
            file: open for binary reading, seekable; read in a worker thread.
            options: what is asked.
            chosen: the model; None is the server's own.
        """
        uploads = self._uploads
        chosen = chosen or Chosen(uploads.pipeline, uploads.scheduler)
        run = FileTranscription(chosen.pipeline, chosen.scheduler, options)
        size = await to_thread.run_sync(_size, file)
        send, receive = anyio.create_memory_object_stream[list[Event]](AHEAD)
        heard = Heard(run, receive, uploads.sessions.tally.count("file"))
        try:
            with uploads.sessions.connected(heard):
                async with send, receive, anyio.create_task_group() as tasks:
                    tasks.start_soon(heard.work, file, send, uploads.turns)
                    try:
                        yield heard
                    finally:
                        run.cancel()
                        tasks.cancel_scope.cancel()
                        for observer in uploads.observers:
                            observer(heard.received, size)
        except ExceptionGroup as group:
            # A single error need not know that it passed through a task group.
            raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None


class Heard:
    """What is said in a file, batch by batch. Iterate over it.

    Raises, while iterated over:
        BadAudio: the file holds no audio that can be decoded.
        EngineError: the engine failed on part of it.
        ServerRestart: the server stops.
    """

    def __init__(
        self, run: FileTranscription, events: ObjectReceiveStream[list[Event]], count: Count
    ) -> None:
        self._run = run
        self._events = events
        self._count = count
        self._scope = anyio.CancelScope()
        self._failure: LivesttError | None = None

    @property
    def run(self) -> FileTranscription:
        return self._run

    @property
    def received(self) -> int:
        """Samples decoded so far."""
        return self._count.progress.received

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Event]:
        try:
            events = await self._events.receive()
            self._count.receive_events(events)
            return events
        except anyio.EndOfStream:
            if self._failure is not None:
                raise self._failure from None
            raise StopAsyncIteration from None

    async def work(
        self,
        file: BinaryIO,
        events: ObjectSendStream[list[Event]],
        turns: anyio.CapacityLimiter,
    ) -> None:
        async with events:
            with self._scope:
                try:
                    await to_thread.run_sync(self._pump, file, events, limiter=turns)
                except Cancelled:
                    pass
                except LivesttError as error:
                    self._failure = error

    def cut_short(self) -> None:
        """The server stops, but a short file may still be done in time."""

    def cancel(self) -> None:
        self._failure = ServerRestart("this server is stopping; send the file again in a moment")
        self._scope.cancel()
        self._run.cancel()

    def _pump(self, file: BinaryIO, events: ObjectSendStream[list[Event]]) -> None:
        """Body of the worker thread."""
        try:
            with closing(self._run.run(file)) as batches:
                for batch in batches:
                    from_thread.run(events.send, batch)
        except (CancelledError, anyio.BrokenResourceError):
            raise Cancelled from None


def _size(file: BinaryIO) -> int:
    """Bytes of a file, which is left at its start."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
