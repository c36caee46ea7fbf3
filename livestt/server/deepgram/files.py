"""``POST /v1/listen``: Deepgram's transcription of files."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse

from livestt.audio.format import AudioFormat
from livestt.audio.separate import separated
from livestt.errors import BadRequest
from livestt.files import FileOptions
from livestt.protocols.deepgram.about import About, BadBody
from livestt.protocols.deepgram.prerecorded import FileRequest, HeardChannel, answer, parse_file
from livestt.protocols.fields import Fields
from livestt.recording import Recording, SpeakersWanted
from livestt.server.access.tokens import json_body
from livestt.server.files.answering import (
    Respond,
    filing,
    hearing,
    transcript_header,
    while_connected,
)
from livestt.server.files.bodies import received_file
from livestt.server.files.fetching import fetched
from livestt.server.files.uploads import Upload
from livestt.server.services import Services, services
from livestt.server.storing.filing import Filing
from livestt.timebase import to_seconds

MAX_ADDRESS = 10_000
"""Bytes of a body that names where the audio is."""


async def transcribe(request: Request, respond: Respond) -> None:
    """One file, from its request to its answer."""
    served, request_id = services(request), str(uuid.uuid4())
    settings, engine = served.pipeline.settings, served.pipeline.engine
    asked = parse_file(request.query_params.multi_items(), engine, settings.stream_options())
    created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with served.uploads.admit() as upload:
        async with _body(request, served) as file:
            sha256 = await to_thread.run_sync(_hash, file)
            async with while_connected(request):
                given = Fields(request.query_params.multi_items())
                told = await _hear(served, upload, file, asked, given)
    channels = [recording for recording, _ in told]

    def write() -> JSONResponse:
        body = answer(
            asked,
            About(request_id, engine, asked.extra, asked.tags),
            [
                HeardChannel(one.words, one.language, one.language_probability, one.names)
                for one in channels
            ],
            sha256=sha256,
            created=created,
            duration=to_seconds(max(one.duration for one in channels)),
        )
        kept = transcript_header(*(filing for _, filing in told))
        return JSONResponse(body, headers={"dg-request-id": request_id, **kept})

    # Long files have many words, and the event loop has other people to serve.
    await respond(await to_thread.run_sync(write))


@asynccontextmanager
async def _body(request: Request, served: Services) -> AsyncIterator[BinaryIO]:
    """The audio: the body itself, or what lies at the address it gives."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = served.uploads.max_bytes
    if kind != "application/json":
        async with received_file(request, limit, served.pace) as file:
            yield file
        return
    async with AsyncExitStack() as stack:
        try:
            address = (await json_body(request, MAX_ADDRESS)).get("url")
            if not isinstance(address, str):
                raise BadRequest('a JSON body is {"url": "https://..."}; audio itself is sent bare')
            hosts = served.pipeline.settings.fetch_from
            coming = fetched(address, hosts, limit, served.timing.upload)
            file = await stack.enter_async_context(coming)
        except BadRequest as error:
            raise BadBody(str(error)) from error
        yield file


async def _hear(
    served: Services, upload: Upload, file: BinaryIO, asked: FileRequest, given: Fields
) -> list[tuple[Recording, Filing | None]]:
    """What was said in each channel; each is stored as a transcript of its own."""
    if not asked.multichannel:
        return [await _hear_one(served, upload, file, asked, asked.audio, given)]
    with ExitStack() as stack:
        audio, files = await to_thread.run_sync(stack.enter_context, separated(file, asked.audio))
        return [
            await _hear_one(served, upload, one, asked, audio, given, f"channel {number}")
            for number, one in enumerate(files)
        ]


async def _hear_one(
    served: Services,
    upload: Upload,
    file: BinaryIO,
    asked: FileRequest,
    audio: AudioFormat,
    given: Fields,
    title: str = "",
) -> tuple[Recording, Filing | None]:
    file.seek(0)
    options = FileOptions(asked.options, audio, candidates=asked.candidates)
    speakers = SpeakersWanted() if asked.form.speakers else None
    kept = filing(served, given, options, title)
    async with hearing(served, upload, file, options, speakers, kept) as (recording, events):
        async for _ in events:
            pass
    return recording, kept


def _hash(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for data in iter(partial(file.read, 1 << 20), b""):
        digest.update(data)
    return digest.hexdigest()
