"""``POST /asr`` and ``POST /detect-language``, as Bazarr, Speakr and their like call them."""

from __future__ import annotations

from contextlib import AsyncExitStack

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt.files import FileOptions
from livestt.protocols import asr_rest as protocol
from livestt.protocols.fields import Fields
from livestt.server.access.refusals import asr as refuse
from livestt.server.files.answering import (
    Endpoint,
    Respond,
    choosing,
    filing,
    hearing,
    transcript_header,
    while_connected,
)
from livestt.server.files.bodies import received_form
from livestt.server.services import services

FIELD = "audio_file"
DETECTION_SECONDS = 30.0


def routes() -> list[BaseRoute]:
    return [
        Route("/asr", Endpoint(transcribe, refuse), methods=["POST"]),
        Route("/detect-language", Endpoint(detect, refuse), methods=["POST"]),
        Route("/queue-metrics", queue_metrics),
    ]


async def transcribe(request: Request, respond: Respond) -> None:
    """A file to text."""
    served = services(request)
    uploads = served.uploads
    with uploads.admit() as upload:
        async with AsyncExitStack() as stack:
            coming = received_form(request, uploads.max_bytes, served.pace)
            form = await stack.enter_async_context(coming)
            given = Fields([*form.fields, *request.query_params.multi_items()])
            choice = choosing(request, uploads.file_models, given.text("model"))
            chosen = await stack.enter_async_context(choice)
            pipeline = chosen.pipeline
            wishes = protocol.parse(
                request.query_params.multi_items(),
                form.fields,
                pipeline.engine,
                pipeline.settings.stream_options(),
            )
            options = FileOptions(wishes.options, wishes.audio)
            file = form.file(FIELD)
            kept = filing(served, given, options, form.name(FIELD), chosen)
            heard = hearing(served, upload, file, options, wishes.speakers, kept, chosen)
            async with while_connected(request), heard as (recording, events):
                async for _ in events:
                    pass
            written = await to_thread.run_sync(protocol.answer, wishes, recording)
            headers = {"asr-engine": pipeline.engine.name, **transcript_header(kept)}
            if written.filename is not None:
                headers["content-disposition"] = f'attachment; filename="{written.filename}"'
            await respond(Response(written.body, media_type=written.media_type, headers=headers))


async def detect(request: Request, respond: Respond) -> None:
    """The language of the first half minute."""
    served = services(request)
    uploads = served.uploads
    with uploads.admit() as upload:
        async with received_form(request, uploads.max_bytes, served.pace) as form:
            fields = Fields([*form.fields, *request.query_params.multi_items()])
            options = FileOptions(
                protocol.detection_options(served.pipeline.engine),
                protocol.audio_of(fields),
                first_seconds=DETECTION_SECONDS,
                until_language=True,
            )
            file = form.file(FIELD)
            async with (
                while_connected(request),
                hearing(served, upload, file, options) as (recording, events),
            ):
                async for _ in events:
                    pass
            language, probability = recording.language, recording.language_probability
            await respond(JSONResponse(protocol.detection(language, probability)))


async def queue_metrics(request: Request) -> Response:
    """How many files wait and run."""
    served = services(request)
    uploads, settings = served.uploads, served.pipeline.settings
    running = uploads.running
    return JSONResponse(
        protocol.queue_metrics(
            served.pipeline.engine,
            waiting=uploads.admitted - running,
            running=running,
            at_once=settings.max_uploads,
            queue=settings.upload_queue,
        )
    )
