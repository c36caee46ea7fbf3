"""``/voices`` over HTTP: list, enrol, rename and delete voice profiles."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt.errors import BadRequest, MissingScope
from livestt.protocols.fields import Fields
from livestt.protocols.voices import voice_body
from livestt.server.access.door import check_local, grant_of
from livestt.server.access.refusals import Handler, answering
from livestt.server.access.tokens import json_body
from livestt.server.files.bodies import received_form
from livestt.server.services import services
from livestt.store.voices import StoredVoice

FIELD = "file"
MOST_BYTES = 20_000_000
"""Bytes of a sample: half a minute in any form."""


def routes() -> list[BaseRoute]:
    return [
        Route("/voices", _answering(listing), methods=["GET"]),
        Route("/voices", _answering(enrol), methods=["POST"]),
        Route("/voices/{voice}", _answering(rename), methods=["PATCH"]),
        Route("/voices/{voice}", _answering(delete), methods=["DELETE"]),
    ]


def _answering(handler: Handler) -> Handler:
    """A handler for those who show a key of their own, or ask from the server's own machine."""

    @answering
    async def answer(request: Request) -> Response:
        check_local(request)
        if grant_of(request).temporary:
            raise MissingScope("a temporary token may neither see nor change voices")
        return await handler(request)

    return answer


async def listing(request: Request) -> Response:
    """The voices of this key, oldest first, and what compares them."""
    served = services(request)
    book, pipeline = served.voices, served.pipeline
    voices = book.of(_owner(request)) if book.enabled else []
    return JSONResponse(
        {
            "enabled": book.enabled,
            "model": book.model,
            "threshold": pipeline.voice_threshold if book.enabled else None,
            "min_seconds": pipeline.settings.voice_min_seconds,
            "voices": [_body(request, voice) for voice in voices],
        }
    )


async def enrol(request: Request) -> Response:
    """Keep a voice: a form with a ``name`` and one or more samples in ``file``."""
    served = services(request)
    with served.voices.admit():
        async with received_form(request, MOST_BYTES, served.pace) as form:
            name = Fields(form.fields).text("name")
            samples = form.files(FIELD)
            voice = await served.voices.enrol(grant_of(request).name, name, samples)
    return JSONResponse(_body(request, voice), status_code=201)


async def rename(request: Request) -> Response:
    """``{"name": "Ann"}``."""
    name = (await json_body(request)).get("name")
    if not isinstance(name, str):
        raise BadRequest("name must be text", param="name")
    book = services(request).voices
    voice = await book.rename(request.path_params["voice"], _owner(request), name)
    return JSONResponse(_body(request, voice))


async def delete(request: Request) -> Response:
    """Forget a voice."""
    await services(request).voices.delete(request.path_params["voice"], _owner(request))
    return Response(status_code=204)


def _owner(request: Request) -> str | None:
    """Whose voices the one who asks may see and change; None for everybody's."""
    grant = grant_of(request)
    return None if grant.name and grant.allows("admin") else grant.name


def _body(request: Request, voice: StoredVoice) -> dict[str, Any]:
    return voice_body(voice, usable=services(request).voices.is_usable(voice))
