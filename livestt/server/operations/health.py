"""``/health`` and ``/ready``: whether the server works, and whether it can take more."""

from __future__ import annotations

import math
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt import __version__
from livestt.errors import BadRequest, LivesttError, Overloaded
from livestt.resident import state_of
from livestt.server.access.door import grant_of
from livestt.server.access.refusals import refusal
from livestt.server.live.ladder import NO_NEWCOMERS
from livestt.server.services import services
from livestt.store import Store


def routes() -> list[BaseRoute]:
    return [Route("/health", health), Route("/ready", ready, methods=["GET"])]


async def health(request: Request) -> Response:
    """Whether the server works, which engine answers, and how busy it is."""
    served = services(request)
    engine = served.pipeline.engine
    ready = served.scheduler.alive
    state = state_of(served.scheduler.engine)
    return JSONResponse(
        {
            "status": "ok" if ready else "error",
            "ready": ready,
            "backend": engine.name,
            "model": engine.model,
            "device": engine.device,
            "loaded_models": [engine.model] if state == "loaded" else [],
            "model_state": state,
            "diarization": served.pipeline.diarizer is not None,
            "voices": served.voices.enabled,
            "notice": engine.notice,
            "languages": sorted(engine.languages),
            "detects_language": engine.detects_language,
            "target_languages": sorted(served.pipeline.translates_into),
            "sessions": len(served.sessions),
            "load": served.sessions.ladder.rung.code,
            "recording": served.recordings is not None,
            "store": store_state(served.store, told=grant_of(request).allows("metrics")),
            "version": __version__,
        },
        status_code=200 if ready else 503,
    )


async def ready(request: Request) -> Response:
    """200 if the server works, and how much it can still take; 503 if it does not.

    ``full`` is the status of a server that works but takes no newcomers, for balancers that look
    at nothing else.
    """
    served = services(request)
    sessions, settings = served.sessions, served.pipeline.settings
    try:
        full = _status(request.query_params.get("full", "200"))
        sessions.admission.check_running()
        await served.readiness.check()
    except LivesttError as error:
        error.retry_after = error.retry_after or Overloaded.retry_after
        response = refusal(request.url.path, error)
        response.status_code = 400 if isinstance(error, BadRequest) else 503
        return response
    ago = served.readiness.answered_ago
    accepting = sessions.ladder.level < NO_NEWCOMERS
    free = max(0, settings.max_sessions - len(sessions)) if accepting else 0
    return JSONResponse(
        {
            "ready": True,
            "sessions": len(sessions),
            "max_sessions": settings.max_sessions,
            "free": free,
            "load": sessions.ladder.rung.code,
            "model_state": state_of(served.scheduler.engine),
            "answered_ago": None if math.isinf(ago) else round(ago, 1),
        },
        status_code=200 if free else full,
    )


def _status(text: str) -> int:
    if re.fullmatch("200|[45][0-9][0-9]", text):
        return int(text)
    raise BadRequest("full must be an HTTP status: 200, or from 400 to 599")


def store_state(store: Store | None, *, told: bool) -> dict[str, str | int | None]:
    """Whether words are stored before they are shown, and if not, why.

    Args:
        store: where.
        told: whether the one who asks may know why, which names files and hosts.
    """
    if store is None:
        return {"status": "off"}
    if store.trouble is None:
        return {"status": "ok", "lost_words": store.stats.lost_words}
    stats = store.stats
    return {
        "status": "failing",
        "reason": store.trouble if told else None,
        "waiting_words": stats.backlog,
        "lost_words": stats.lost_words,
    }
