"""``POST /v1/listen``: Deepgram's transcription of files."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from livestt.audio.format import AudioFormat
from livestt.audio.separate import separated
from livestt.errors import BadRequest, LivesttError
from livestt.events import Committed, Ended, Event, LanguageDetected, Word
from livestt.files import FileOptions
from livestt.pipeline import Manner
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.prerecorded import FileRequest, HeardChannel, answer, parse_file
from livestt.server import refusals
from livestt.server.bodies import received_file
from livestt.server.fetching import fetched
from livestt.server.services import Services, services
from livestt.server.uploads import Upload
from livestt.speakers.gate import Gate
from livestt.timebase import to_seconds

MAX_ADDRESS = 10_000
"""Bytes of a body that names where the audio is."""


async def transcribe(request: Request) -> Response:
    """One file, from its request to its answer."""
    request_id = str(uuid.uuid4())
    try:
        body = await _answer(request, services(request), request_id)
    except LivesttError as error:
        return refusals.deepgram(error, request_id)
    except ClientDisconnect:
        return Response(status_code=400)
    return JSONResponse(body, headers={"dg-request-id": request_id})


async def _answer(request: Request, served: Services, request_id: str) -> dict[str, object]:
    settings, engine = served.pipeline.settings, served.pipeline.engine
    asked = parse_file(request.query_params.multi_items(), engine, settings.stream_options())
    about = About(request_id, engine, asked.extra, asked.tags)
    created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with served.uploads.admit() as upload:
        async with _body(request, served) as file:
            sha256 = await to_thread.run_sync(_hash, file)
            heard, duration = await _heard(upload, file, asked)
    return answer(
        asked, about, heard, sha256=sha256, created=created, duration=to_seconds(duration)
    )


@asynccontextmanager
async def _body(request: Request, served: Services) -> AsyncIterator[BinaryIO]:
    """The audio: the body itself, or what lies at the address it gives."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit, patience = served.uploads.max_bytes, served.timing.upload
    if kind != "application/json":
        async with received_file(request, limit, patience) as file:
            yield file
        return
    async with received_file(request, MAX_ADDRESS, patience) as body:
        address = url_of(body.read())
    hosts = served.pipeline.settings.fetch_from
    async with fetched(address, hosts, limit, patience) as file:
        yield file


async def _heard(
    upload: Upload, file: BinaryIO, asked: FileRequest
) -> tuple[list[HeardChannel], int]:
    """What was said in each channel, and how many samples there are."""
    if not asked.multichannel:
        heard, duration = await _listen(upload, file, asked, asked.audio)
        return [heard], duration
    with ExitStack() as stack:
        audio, files = await to_thread.run_sync(stack.enter_context, separated(file, asked.audio))
        channels = [await _listen(upload, one, asked, audio) for one in files]
    return [heard for heard, _ in channels], max(duration for _, duration in channels)


async def _listen(
    upload: Upload, file: BinaryIO, asked: FileRequest, audio: AudioFormat
) -> tuple[HeardChannel, int]:
    file.seek(0)
    manner = Manner(diarization=asked.form.speakers)
    options = FileOptions(asked.options, audio, manner, asked.candidates)
    gate = Gate() if asked.form.speakers else None
    events: list[Event] = []
    async with upload.transcribe(file, options) as batches:
        async for batch in batches:
            events += gate.follow(batch) if gate else batch
    words: list[Word] = []
    language, probability, end = asked.options.language, 1.0, 0
    for event in events:
        match event:
            case Committed(said):
                words += said
            case LanguageDetected(language, probability):
                pass
            case Ended(end):
                pass
            case _:
                pass
    return HeardChannel(words, language, probability), end


def url_of(body: bytes) -> str:
    """The address in a JSON body.

    Raises:
        BadRequest: there is none.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    address = message.get("url") if isinstance(message, dict) else None
    if not isinstance(address, str):
        raise BadRequest('the JSON body must be {"url": "https://..."}; audio itself is sent bare')
    return address


def _hash(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for data in iter(partial(file.read, 1 << 20), b""):
        digest.update(data)
    return digest.hexdigest()
