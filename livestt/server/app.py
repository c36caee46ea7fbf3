"""The web application: routes, the engine's scheduler, and the limits all sessions share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from livestt.engines import Engine
from livestt.engines.scheduler import Scheduler
from livestt.errors import UnsupportedOption
from livestt.pipeline import OtherScheduler, Pipeline
from livestt.server import asr_rest, wyoming
from livestt.server.access import tokens
from livestt.server.access.door import Access, Door, cross_origin
from livestt.server.deepgram import surface as deepgram
from livestt.server.files.file_models import FileModels
from livestt.server.files.uploads import Uploads
from livestt.server.live.ended import Endings
from livestt.server.live.returning import Returning
from livestt.server.live.sessions import Sessions
from livestt.server.native import surface as native
from livestt.server.openai import realtime, rest
from livestt.server.operations import census, health
from livestt.server.operations.evicting import evicting
from livestt.server.operations.metrics import Metrics
from livestt.server.operations.observing import Observed
from livestt.server.operations.readiness import Readiness
from livestt.server.operations.tally import Tally
from livestt.server.operations.tracing import Tracing
from livestt.server.pages import SecurityHeaders, page_routes
from livestt.server.services import Services
from livestt.server.storing import transcripts
from livestt.server.storing.recordings import Recordings
from livestt.server.storing.sweeping import sweeping
from livestt.server.timing import Timing
from livestt.server.unknown import not_found, refuse_request
from livestt.server.voices import surface as voice_profiles
from livestt.server.voices.book import VoiceBook
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.embeddings import Embedder
from livestt.speakers.scheduler import DiarizerScheduler, EmbedderScheduler
from livestt.store import Store
from livestt.translation import Translator
from livestt.translation.driving import TranslatorScheduler

log = logging.getLogger(__name__)
S = TypeVar("S", Scheduler, DiarizerScheduler, EmbedderScheduler, TranslatorScheduler)


def create_app(
    engine: Engine,
    settings: Settings,
    timing: Timing | None = None,
    store: Store | None = None,
    diarizer: Diarizer | None = None,
    file_diarizer: Diarizer | None = None,
    embedder: Embedder | None = None,
    translator: Translator | None = None,
) -> Starlette:
    """The server as an ASGI application.

    Args:
        engine: a loaded engine; the application closes it on shutdown.
        settings: the operator's settings.
        timing: how long clients may take.
        store: where transcripts are kept; the application closes it on shutdown.
        diarizer: a loaded diarizer, closed on shutdown too; None tells no speakers apart.
        file_diarizer: the same for uploads; None is ``diarizer``.
        embedder: a loaded embedder, closed on shutdown too; None recognises no voices.
        translator: a loaded translator, closed on shutdown too; None translates nothing.

    Raises:
        UnsupportedOption: settings this engine cannot honour.
        SetupError: the API keys cannot be read, or OpenTelemetry is not installed.
    """
    pipeline = Pipeline(settings, engine.capabilities)
    recordings = open_recordings(settings, store)
    timing = timing or Timing()
    metrics, tally = Metrics(), Tally()
    tracing = Tracing.from_environment() if settings.tracing else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        models = _models_at_work(
            pipeline, engine, diarizer, file_diarizer, embedder, translator, timing.engine
        )
        async with models as scheduler, AsyncExitStack() as closing:
            if store is not None:
                closing.push_async_callback(_close_store, store)
            if tracing is not None:
                closing.push_async_callback(to_thread.run_sync, tracing.close)
            voices = VoiceBook(pipeline, store)
            pipeline.known = voices.known
            async with (
                Sessions(pipeline, scheduler, timing, store, recordings, tally) as sessions,
                Readiness(pipeline, scheduler, timing) as readiness,
            ):
                file_models = FileModels(pipeline, scheduler, timing.engine)
                uploads = Uploads(pipeline, scheduler, sessions, file_models)
                app.state.services = served = Services(
                    pipeline=pipeline,
                    scheduler=scheduler,
                    sessions=sessions,
                    returning=Returning(sessions, pipeline, store),
                    endings=Endings(store, settings),
                    uploads=uploads,
                    timing=timing,
                    metrics=metrics,
                    readiness=readiness,
                    voices=voices,
                    store=store,
                    recordings=recordings,
                )
                if tracing is not None:
                    tracing.attend(served)
                async with (
                    census.measuring(served),
                    sweeping(store, settings, recordings),
                    evicting(engine, settings.model_idle_seconds),
                    voices.kept(),
                    file_models.open(),
                    wyoming.listening(served) as app.state.wyoming_port,
                ):
                    yield

    app = Starlette(
        routes=_routes(),
        middleware=[
            Middleware(Observed, metrics=metrics),
            Middleware(SecurityHeaders),
            cross_origin(settings),
            Middleware(Door, access=Access(settings, metrics.wrong_keys.inc, tally)),
        ],
        exception_handlers={404: refuse_request, 405: refuse_request},
        lifespan=lifespan,
    )
    app.router.default = not_found
    return app


def _routes() -> list[BaseRoute]:
    """Of all dialects and tools."""
    return [
        *native.routes(),
        *deepgram.routes(),
        *realtime.routes(),
        *rest.routes(),
        *asr_rest.routes(),
        *health.routes(),
        *census.routes(),
        *tokens.routes(),
        *transcripts.routes(),
        *voice_profiles.routes(),
        *page_routes(),
    ]


@asynccontextmanager
async def _models_at_work(
    pipeline: Pipeline,
    engine: Engine,
    diarizer: Diarizer | None,
    file_diarizer: Diarizer | None,
    embedder: Embedder | None,
    translator: Translator | None,
    patience: float,
) -> AsyncIterator[Scheduler]:
    """The scheduler of the engine; those of the other models are given to the pipeline.

    On leaving the block all are stopped, and their models closed, whatever one of them raises.

    Args:
        patience: seconds to wait for a batch that runs.
    """
    async with AsyncExitStack() as closing:

        def at_work(scheduler: S) -> S:
            closing.push_async_callback(_close, scheduler, patience)
            return scheduler

        pipeline.diarizer = pipeline.file_diarizer = None
        pipeline.embedder = pipeline.translator = None
        if translator is not None:
            pipeline.translator = at_work(TranslatorScheduler(translator))
        if embedder is not None:
            pipeline.embedder = at_work(EmbedderScheduler(embedder))
        if file_diarizer is not None and file_diarizer is not diarizer:
            pipeline.file_diarizer = at_work(DiarizerScheduler(file_diarizer))
        if diarizer is not None:
            pipeline.diarizer = at_work(DiarizerScheduler(diarizer))
        yield at_work(Scheduler(engine))


def open_recordings(settings: Settings, store: Store | None) -> Recordings | None:
    """Where audio is kept; None if it is not.

    Raises:
        BadStore: the folder cannot be used.
        UnsupportedOption: there are no transcripts that it could belong to.
    """
    if settings.record_dir is None:
        return None
    if store is None:
        raise UnsupportedOption("--record-dir needs a store: leave out --no-store.")
    return Recordings(Path(settings.record_dir), settings.record_max_mb * 1_000_000, store)


async def _close(scheduler: Scheduler | OtherScheduler, patience: float) -> None:
    """Stop a model's threads, and free it."""
    model = scheduler.engine
    if await to_thread.run_sync(scheduler.close, patience):
        await to_thread.run_sync(model.close)
    else:
        log.error("the model %s hangs; exiting without it", model.capabilities.name)


async def _close_store(store: Store) -> None:
    if not await to_thread.run_sync(store.close):
        log.error("some words could not be stored: %s", store.trouble)
