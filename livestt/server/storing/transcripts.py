"""Earlier transcripts over HTTP: list, search, read in many formats, change, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt.access.rules import check_own
from livestt.errors import BadRequest, StillRunning, UnknownSession
from livestt.protocols.transcript_edits import parse_edit
from livestt.segments import Segment
from livestt.server.access.door import check_local, grant_of
from livestt.server.access.refusals import answering
from livestt.server.access.tokens import json_body
from livestt.server.live.session import LiveSession
from livestt.server.services import services
from livestt.server.storing.audio import audio
from livestt.server.storing.browsing import in_turn
from livestt.store import Found, Store, Stored, StoredTranscript
from livestt.subtitles import EXTENSIONS, render
from livestt.timebase import from_seconds, to_seconds
from livestt.translation.reading import in_translation

PAGE = 50
"""Transcripts, or lines found, in one answer unless asked otherwise."""
MOST = 500
MOST_DIGITS = 9
TYPES: Mapping[str, str] = {
    "json": "application/json",
    "verbose_json": "application/json",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "txt": "text/plain",
    "md": "text/markdown",
    "tsv": "text/tab-separated-values",
}
"""Formats, and what each is to a browser."""
BEGINNING = 120
"""Characters of a transcript's first line that a list shows."""


def routes() -> list[BaseRoute]:
    return [
        Route("/transcripts", answering(listing), methods=["GET"]),
        Route("/transcripts/{session}", answering(read), methods=["GET"]),
        Route("/transcripts/{session}/audio", answering(audio), methods=["GET"]),
        Route("/transcripts/{session}", answering(change), methods=["PATCH"]),
        Route("/transcripts/{session}", answering(delete), methods=["DELETE"]),
    ]


async def listing(request: Request) -> Response:
    """Transcripts, newest first, or with ``q`` the lines that hold its words."""
    check_local(request)
    store, query = store_of(request), request.query_params
    limit = _number(query, "limit", PAGE, 1, MOST)
    if "q" in query:
        found = await in_turn(store.search, query["q"], limit)
        return JSONResponse({"lines": [_found(line) for line in found]})
    rows = await in_turn(store.newest, limit + 1, query.get("before"))
    first = await in_turn(store.beginnings, [row.id for row in rows[:limit]])
    shown = [
        {**one, "beginning": _shortened(first, row)}
        for one, row in zip(await _summaries(request, rows[:limit]), rows, strict=False)
    ]
    body: dict[str, Any] = {"transcripts": shown}
    if len(rows) > limit:
        body["before"] = rows[limit - 1].id
    return JSONResponse(body)


async def read(request: Request) -> Response:
    """One transcript, or with ``from`` and ``to`` (seconds) the lines between them."""
    query = request.query_params
    kind = query.get("format", "json")
    if kind not in TYPES:
        raise BadRequest(f"format must be one of: {', '.join(TYPES)}")
    start = from_seconds(_seconds(query, "from") or 0.0)
    end = _seconds(query, "to")
    session = request.path_params["session"]
    transcript = await in_turn(
        store_of(request).read, session, start, None if end is None else from_seconds(end)
    )
    if kind == "json":
        [about] = await _summaries(request, [transcript.row])
        return await in_turn(_with_lines, about, transcript)
    if query.get("translated") in ("true", "1"):
        segments = tuple(map(in_translation, transcript.segments))
        transcript = replace(transcript, segments=segments)
    row = transcript.row
    title = row.title or f"Transcript of {row.started:%Y-%m-%d %H:%M} UTC"
    text = await in_turn(render, transcript, kind, row.speakers, title)
    name = f"transcript-{transcript.row.started:%Y%m%d-%H%M%S}.{EXTENSIONS.get(kind, kind)}"
    return Response(
        text,
        media_type=TYPES[kind],
        headers={"content-disposition": f'inline; filename="{name}"'},
    )


async def change(request: Request) -> Response:
    """``{"title": "Monday", "speakers": {"1": "Anna"}, "merged": {"2": 1}}``; an empty name takes
    one away, null undoes a merge. Whoever reads along with a session that runs learns it too, in
    any dialect."""
    check_local(request)
    session = request.path_params["session"]
    running = services(request).sessions.find(session)
    if running is not None and services(request).store is None:
        return await _change_unkept(request, running)
    store = store_of(request)
    row = await in_turn(store.get, session)
    check_own(grant_of(request), row.owner, "change")
    edit = parse_edit(await json_body(request))
    [about] = await _summaries(request, [row])  # once it is changed nothing may fail any more
    told = edit.said_of(row.told if running is None else running.transcript.people.told)
    epoch = None if running is None else running.epoch
    changed = await in_turn(store.edit, session, edit.title, told, epoch)
    if running is not None:
        running.say(*told)
    return JSONResponse({**about, **summary(changed)})


async def _change_unkept(request: Request, running: LiveSession) -> Response:
    """The same, where nothing is kept."""
    check_own(grant_of(request), running.owner, "change")
    edit = parse_edit(await json_body(request))
    if edit.title is not None:
        raise BadRequest("this server keeps no transcripts, and so no titles (--no-store)")
    running.say(*edit.said_of(running.transcript.people.told))
    people = running.transcript.people
    about = running.summary() | {"speakers": people.names, "merged": people.same, "running": True}
    return JSONResponse(about)


async def delete(request: Request) -> Response:
    """Forget a transcript."""
    check_local(request)
    session = request.path_params["session"]
    store = store_of(request)
    row = await in_turn(store.get, session)
    check_own(grant_of(request), row.owner, "delete")
    if services(request).sessions.find(session) is not None:
        raise StillRunning("this session is still running; end it before you delete it")
    recordings = services(request).recordings

    def forget() -> None:
        store.delete(session)
        if recordings is not None:
            recordings.delete(session)

    await in_turn(forget)
    return Response(status_code=204)


def store_of(request: Request) -> Store:
    """The store of this server.

    Raises:
        UnknownSession: it keeps none.
    """
    store = services(request).store
    if store is None:
        raise UnknownSession("this server keeps no transcripts (--no-store)")
    return store


def summary(row: Stored) -> dict[str, Any]:
    """A session without its words."""
    return {
        "id": row.id,
        "title": row.title,
        "started": row.started.isoformat(timespec="seconds"),
        "ended": None if row.ended is None else row.ended.isoformat(timespec="seconds"),
        "seconds": to_seconds(row.received),
        "words": row.words - row.missing,
        "missing_words": row.missing,
        "language": row.language,
        "engine": row.engine,
        "model": row.model,
        "owner": row.owner,
        "speakers": {str(number): name for number, name in row.speakers.items()},
        "merged": {str(speaker): into for speaker, into in row.merged.items()},
    }


async def _summaries(request: Request, rows: Sequence[Stored]) -> list[dict[str, Any]]:
    """Sessions without their words, whether they run, here or elsewhere, and whether their audio
    is kept."""
    recordings, here = services(request).recordings, services(request).sessions
    elsewhere = await in_turn(store_of(request).looked_after, rows)

    def find() -> list[bool]:
        return [recordings is not None and recordings.find(row.id) is not None for row in rows]

    recorded = await in_turn(find) if recordings else [False] * len(rows)
    return [
        {
            **summary(row),
            "running": here.find(row.id) is not None or row.id in elsewhere,
            "audio": audio,
        }
        for row, audio in zip(rows, recorded, strict=True)
    ]


def _with_lines(about: dict[str, Any], transcript: StoredTranscript) -> Response:
    """A whole transcript; it may be long, so this is for a worker thread."""
    lines = [
        {
            "id": segment.id,
            "start": to_seconds(segment.start),
            "end": to_seconds(segment.end),
            "text": segment.text,
            "speaker": segment.speaker,
            "language": segment.language,
            **_translation(segment),
        }
        for segment in transcript.segments
    ]
    return JSONResponse({**about, "lines": lines})


def _translation(segment: Segment) -> dict[str, Any]:
    translated = segment.translation
    if translated is None:
        return {}
    return {"translation": translated.text, "translation_language": translated.language}


def _found(line: Found) -> dict[str, Any]:
    return {
        "transcript": line.session,
        "id": line.line,
        "start": to_seconds(line.start),
        "end": to_seconds(line.end),
        "text": line.text,
        "title": line.title,
        "started": line.started.isoformat(timespec="seconds"),
    }


def _shortened(beginnings: Mapping[str, str], row: Stored) -> str:
    text = " ".join(beginnings.get(row.id, "").split())
    return text if len(text) <= BEGINNING else f"{text[: BEGINNING - 1].rstrip()}…"


def _number(query: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = query.get(name, str(default))
    digits = value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS
    if not (digits and low <= int(value) <= high):
        raise BadRequest(f"{name} must be a number from {low} to {high}")
    return int(value)


def _seconds(query: Mapping[str, str], name: str) -> float | None:
    if name not in query:
        return None
    try:
        value = float(query[name])
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise BadRequest(f"{name} must be a number of seconds")
    return value
