"""The web application: routes, the engine's scheduler, and the limits all sessions share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livestt import __version__
from livestt.engines import Engine
from livestt.engines.scheduler import Scheduler
from livestt.pipeline import Pipeline
from livestt.server import (
    asr_rest,
    deepgram,
    live,
    openai_realtime,
    openai_rest,
    ready,
    tokens,
    transcripts,
)
from livestt.server import metrics as metrics_page
from livestt.server.access import Access, Door, cross_origin
from livestt.server.metrics import Metrics
from livestt.server.observing import Observed
from livestt.server.pages import SecurityHeaders, page_routes
from livestt.server.ready import Readiness
from livestt.server.services import Services, services
from livestt.server.sessions import Sessions
from livestt.server.sweeping import sweeping
from livestt.server.timing import Timing
from livestt.server.tracing import Tracing
from livestt.server.uploads import Uploads
from livestt.server.wyoming import listening
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.store import Store

log = logging.getLogger(__name__)


def create_app(
    engine: Engine,
    settings: Settings,
    timing: Timing | None = None,
    store: Store | None = None,
    diarizer: Diarizer | None = None,
) -> Starlette:
    """The server as an ASGI application.

    Args:
        engine: a loaded engine; the application closes it on shutdown.
        settings: the operator's settings.
        timing: how long clients may take.
        store: where transcripts are kept; the application closes it on shutdown.
        diarizer: a loaded diarizer, closed on shutdown too; None tells no speakers apart.

    Raises:
        UnsupportedOption: settings this engine cannot honour.
        SetupError: the API keys cannot be read, or OpenTelemetry is not installed.
    """
    pipeline = Pipeline(settings, engine.capabilities)
    timing = timing or Timing()
    metrics = Metrics()
    tracing = Tracing.from_environment() if settings.tracing else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        scheduler = Scheduler(engine)
        pipeline.diarizer = DiarizerScheduler(diarizer) if diarizer is not None else None
        try:
            async with (
                Sessions(pipeline, scheduler, timing, store) as sessions,
                Readiness(pipeline, scheduler, timing) as readiness,
            ):
                uploads = Uploads(pipeline, scheduler, sessions)
                app.state.services = served = Services(
                    pipeline, scheduler, sessions, uploads, timing, metrics, readiness, store
                )
                if tracing is not None:
                    tracing.attend(served)
                async with (
                    metrics.attend(served),
                    sweeping(store, settings),
                    listening(served) as app.state.wyoming_port,
                ):
                    yield
        finally:
            if tracing is not None:
                await to_thread.run_sync(tracing.close)
            if store is not None and not await to_thread.run_sync(store.close):
                log.error("not everything that was said could be stored: %s", store.trouble)
            await _close(scheduler, engine, timing.engine)
            if pipeline.diarizer is not None:
                await _close(pipeline.diarizer, pipeline.diarizer.engine, timing.engine)

    return Starlette(
        routes=[
            *live.routes(),
            *deepgram.routes(),
            *openai_realtime.routes(),
            *openai_rest.routes(),
            *asr_rest.routes(),
            Route("/health", health),
            *ready.routes(),
            *metrics_page.routes(),
            *tokens.routes(),
            *transcripts.routes(),
            *openai_rest.unknown_routes(),
            *page_routes(),
        ],
        middleware=[
            Middleware(Observed, metrics=metrics),
            Middleware(SecurityHeaders),
            cross_origin(settings),
            Middleware(Door, access=Access(settings, on_wrong_key=metrics.wrong_keys.inc)),
        ],
        lifespan=lifespan,
    )


async def _close(
    scheduler: Scheduler | DiarizerScheduler, model: Engine | Diarizer, patience: float
) -> None:
    if await to_thread.run_sync(scheduler.close, patience):
        await to_thread.run_sync(model.close)
    else:
        log.error("the model %s hangs; leaving without it", model.capabilities.name)


async def health(request: Request) -> Response:
    """Whether the server works, which engine answers, and how busy it is."""
    served = services(request)
    engine = served.pipeline.engine
    ready = served.scheduler.alive
    return JSONResponse(
        {
            "status": "ok" if ready else "error",
            "ready": ready,
            "backend": engine.name,
            "model": engine.model,
            "device": engine.device,
            "loaded_models": [engine.model],
            "diarization": served.pipeline.diarizer is not None,
            "notice": engine.notice,
            "languages": sorted(engine.languages),
            "detects_language": engine.detects_language,
            "sessions": len(served.sessions),
            "load": served.sessions.ladder.rung.code,
            "store": store_state(served.store),
            "version": __version__,
        },
        status_code=200 if ready else 503,
    )


def store_state(store: Store | None) -> dict[str, str | int | None]:
    """Whether words are stored before they are shown, and if not, why."""
    if store is None:
        return {"status": "off"}
    if store.trouble is None:
        return {"status": "ok", "lost_words": store.stats.lost_words}
    stats = store.stats
    return {
        "status": "failing",
        "reason": store.trouble,
        "waiting_words": stats.backlog,
        "lost_words": stats.lost_words,
    }
