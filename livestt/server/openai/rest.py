"""OpenAI's REST API: ``/v1/audio/transcriptions`` and ``translations``, ``/v1/models``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt.errors import LivesttError
from livestt.events import Event
from livestt.files import FileOptions
from livestt.pipeline import Manner, endpointing
from livestt.protocols.fields import Fields
from livestt.protocols.openai_errors import error_body
from livestt.protocols.openai_rest import models
from livestt.protocols.openai_rest.answer import answer
from livestt.protocols.openai_rest.request import parse
from livestt.protocols.openai_rest.stream import PULSE, TextStream, as_event
from livestt.server.access.refusals import OPENAI as refuse
from livestt.server.files.answering import (
    Endpoint,
    EventStream,
    Respond,
    choosing,
    filing,
    hearing,
    transcript_header,
    while_connected,
)
from livestt.server.files.bodies import received_form
from livestt.server.services import services

TRANSCRIPTIONS = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"


def routes() -> list[BaseRoute]:
    return [
        Route(TRANSCRIPTIONS, Endpoint(transcribe, refuse), methods=["POST"]),
        Route(TRANSLATIONS, Endpoint(transcribe, refuse), methods=["POST"]),
        Route("/v1/models", list_models),
        Route("/v1/models/{name:path}", show_model),
    ]


async def transcribe(request: Request, respond: Respond) -> None:
    """A file to text, at once or as it is heard."""
    served = services(request)
    uploads = served.uploads
    with uploads.admit() as upload:
        async with (
            received_form(request, uploads.max_bytes, served.pace) as form,
            choosing(request, uploads.file_models, Fields(form.fields).text("model")) as chosen,
        ):
            pipeline = chosen.pipeline
            wishes = parse(
                form.fields,
                pipeline.engine,
                pipeline.settings.stream_options(),
                endpointing(pipeline.settings),
                translate=request.url.path.endswith(TRANSLATIONS),
            )
            options = FileOptions(
                wishes.options,
                manner=Manner(endpointing=wishes.endpointing),
                candidates=wishes.candidates,
            )
            file = form.file("file")
            given = Fields([*form.fields, *request.query_params.multi_items()])
            kept = filing(served, given, options, form.name("file"), chosen)
            headers = transcript_header(kept)
            heard = hearing(served, upload, file, options, wishes.speakers, kept, chosen)
            if wishes.stream:

                async def tell(emit: Callable[[str], Awaitable[None]]) -> None:
                    async with heard as (recording, events):
                        late = pipeline.embedder is not None
                        writer = TextStream(wishes, recording, names_last=late)
                        await stream(writer, events, emit)

                await respond(
                    EventStream(tell, PULSE, served.timing.pulse, served.timing.send, headers)
                )
                return
            async with while_connected(request), heard as (recording, events):
                async for _ in events:
                    pass
            written = await to_thread.run_sync(answer, wishes, recording)
            await respond(Response(written.body, media_type=written.media_type, headers=headers))


async def stream(
    writer: TextStream,
    events: AsyncIterator[list[Event]],
    emit: Callable[[str], Awaitable[None]],
) -> None:
    """Tell a recording as it grows; an error ends it, in the place of the last event."""
    try:
        async for batch in events:
            for message in writer.receive(batch):
                await emit(message)
        for message in await to_thread.run_sync(writer.finish):
            await emit(message)
    except LivesttError as error:
        await emit(as_event(error_body(error)))


async def list_models(request: Request) -> Response:
    return JSONResponse(models.listing(services(request).uploads.file_models.names))


async def show_model(request: Request) -> Response:
    own = services(request).uploads.file_models.names
    try:
        return JSONResponse(models.one(own, request.path_params["name"]))
    except LivesttError as error:
        return refuse(error)
