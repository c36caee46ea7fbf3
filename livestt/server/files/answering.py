"""What the REST protocols share: a file transcribed to its end, and clients that disconnect."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import BinaryIO

import anyio
import anyio.lowlevel
from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from livestt.errors import EngineError, LivesttError
from livestt.events import Attributed, Event
from livestt.files import FileOptions, file_layout
from livestt.pipeline import Manner
from livestt.protocols.fields import Fields
from livestt.recording import Recording, SpeakersWanted, shortfall
from livestt.server.files.file_models import Chosen, FileModels
from livestt.server.files.uploads import Upload
from livestt.server.services import Services
from livestt.server.sockets.transport import abort_of
from livestt.server.storing.filing import Filing
from livestt.speakers.profiles import Profile
from livestt.store.entries import titled

log = logging.getLogger(__name__)

TRANSCRIPT = "livestt-transcript"
"""Header with the id of the stored transcript, or those of a file's channels."""

AT_ONCE = 500
"""Words whose speakers are taken in at once; those of four hours take a quarter of a second."""

Respond = Callable[[Response], Awaitable[None]]
Handle = Callable[[Request, Respond], Awaitable[None]]
Shape = Callable[[LivesttError], Response]


class Endpoint:
    """A request's handler as an application: it responds while it still holds what it needs.

    Args:
        handle: reads the request and responds, once.
        refuse: shapes the errors it raises before it has; also those that are bugs, which are
            logged.
    """

    def __init__(self, handle: Handle, refuse: Shape) -> None:
        self._handle = handle
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        responded = False

        async def respond(response: Response) -> None:
            nonlocal responded
            responded = True
            await response(scope, receive, send)

        try:
            await self._handle(request, respond)
        except LivesttError as error:
            await respond(self._refuse(error))
        except ClientDisconnect:
            return
        except Exception:  # the top of a request: it fails alone
            log.exception("a request to %s failed", scope["path"])
            if not responded:
                bug = EngineError("the server failed on this request; its log says why")
                await respond(self._refuse(bug))


@asynccontextmanager
async def while_connected(request: Request) -> AsyncIterator[None]:
    """Work that takes long, once the body has been read.

    Raises:
        ClientDisconnect: the client has gone, and the work was given up.
    """
    gone = True
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_on_disconnect, request.receive, tasks.cancel_scope)
            yield
            gone = False
            tasks.cancel_scope.cancel()
    except ExceptionGroup as group:
        # A single error need not know that it passed through a task group.
        raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None
    if gone:
        raise ClientDisconnect


@asynccontextmanager
async def choosing(request: Request, models: FileModels, name: str | None) -> AsyncIterator[Chosen]:
    """The model that a request names, as long as the block lasts.

    Raises:
        ClientDisconnect: the client went while the model was waited for.
        EngineError: it cannot be loaded.
    """
    async with AsyncExitStack() as stack:
        async with while_connected(request):
            chosen = await stack.enter_async_context(models.choose(name))
        yield chosen


@asynccontextmanager
async def hearing(
    served: Services,
    upload: Upload,
    file: BinaryIO,
    options: FileOptions,
    speakers: SpeakersWanted | None = None,
    filing: Filing | None = None,
    chosen: Chosen | None = None,
) -> AsyncIterator[tuple[Recording, AsyncIterator[list[Event]]]]:
    """A recording, and the events that make it grow; it has applied each when it is handed out.

    Args:
        served: the server's.
        upload: the file's place in the queue.
        file: open for binary reading, seekable.
        options: what is asked.
        speakers: what is asked about who speaks; None does not ask. Where this server cannot tell
            all of it, a warning of the recording says so.
        filing: stores what is said, once all of it is known; None does not.
        chosen: the model; None is the server's own.

    Raises:
        BadRequest: a sample of a speaker cannot be used.
        LivesttError: while iterated over, as `livestt.server.files.uploads.Heard`.
    """
    pipeline = served.pipeline
    recording = Recording(file_layout(pipeline.settings), options.stream.language)
    known: Sequence[Profile] = ()
    if speakers is not None:
        diarizes, compares = pipeline.diarizer is not None, pipeline.embedder is not None
        recording.warnings += shortfall(speakers, diarizes=diarizes, compares=compares)
        if diarizes and compares:
            known = await served.voices.known_in(speakers.names, speakers.samples)
    manner = replace(with_speakers(options.manner, speakers), known=lambda: known)
    options = replace(options, manner=manner)
    async with upload.transcribe(file, options, chosen) as heard:

        def take(events: list[Event]) -> None:
            recording.apply(events)
            if filing is not None:
                filing.receive_events(events)

        async def grow() -> AsyncIterator[list[Event]]:
            async for events in heard:
                await taken(events, take)
                yield events
            if filing is not None:
                await filing.finish()
            recording.figures = heard.run.session.figures
            recording.voices = heard.run.voices

        yield recording, grow()


async def taken(events: list[Event], take: Callable[[list[Event]], None]) -> None:
    """Take events; in a thread if all speakers of a long file come at once."""
    voices = sum(len(event.voices) for event in events if isinstance(event, Attributed))
    if voices > AT_ONCE:
        await to_thread.run_sync(take, events)
    else:
        take(events)


def filing(
    served: Services,
    fields: Fields,
    options: FileOptions,
    name: str,
    chosen: Chosen | None = None,
) -> Filing | None:
    """What stores a file's transcript; None if nobody wants that.

    Args:
        served: the server's.
        fields: of the request, where ``store`` may say no.
        options: what is asked about the file.
        name: of the file, as its client calls it.
        chosen: the model; None is the server's own.

    Raises:
        BadRequest: ``store`` is neither true nor false.
    """
    wanted = fields.boolean("store", True)
    if served.store is None or not (wanted and served.pipeline.settings.store_files):
        return None
    pipeline = served.pipeline if chosen is None else chosen.pipeline
    return Filing(served.store, pipeline, options.stream, titled(name))


def transcript_header(*filings: Filing | None) -> dict[str, str]:
    """Where the transcript is kept, for the answer; those of several channels, in order."""
    ids = [filing.id for filing in filings if filing is not None]
    return {TRANSCRIPT: ",".join(ids)} if ids else {}


def with_speakers(manner: Manner, speakers: SpeakersWanted | None) -> Manner:
    """The manner of a file whose speakers are told apart as somebody wants, or not at all."""
    if speakers is None:
        return replace(manner, diarization=False)
    return replace(
        manner, diarization=True, min_speakers=speakers.least, max_speakers=speakers.most
    )


class EventStream(Response):
    """Server-sent events while ``work`` goes on; given up when the client goes away or does not
    read.

    Args:
        work: is handed a function that sends text.
        pulse: sent whenever nothing else was for a while.
        interval: seconds.
        patience: seconds for which the client may refuse to read.
        headers: of the response, besides those that streams have.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        work: Callable[[Callable[[str], Awaitable[None]]], Awaitable[None]],
        pulse: str,
        interval: float,
        patience: float,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        always = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        super().__init__(headers={**headers, **always})
        del self.headers["content-length"]
        self._work = work
        self._pulse = pulse
        self._interval = interval
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stalled = False

        async def emit(text: str) -> None:
            nonlocal stalled
            body = text.encode()
            with anyio.move_on_after(self._patience) as patience:
                await send({"type": "http.response.body", "body": body, "more_body": True})
            if patience.cancelled_caught:
                stalled = True
                tasks.cancel_scope.cancel()
                await anyio.lowlevel.checkpoint()

        async def beat() -> None:
            while True:
                await anyio.sleep(self._interval)
                await emit(self._pulse)

        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_on_disconnect, receive, tasks.cancel_scope)
            tasks.start_soon(beat)
            await self._work(emit)
            tasks.cancel_scope.cancel()
        if not stalled:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        log.info("a client of %s read nothing for %s s", scope["path"], self._patience)
        abort = abort_of(scope)
        if abort is not None:
            abort()
            await _disconnected(receive)


async def _cancel_on_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    await _disconnected(receive)
    scope.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
