"""What is read when Prometheus asks for ``/metrics``.

Counters and gauges that the server keeps anyway are read when they are asked for (`Census`);
histograms are filled where things happen (`livestt.server.operations.metrics`). Every server has a
registry of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
from prometheus_client import Info
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livestt import __version__, allocator
from livestt.residence import ResidenceStats
from livestt.resident import Resident, state_of
from livestt.server.live.ladder import RUNGS
from livestt.server.operations.tally import KINDS, REFUSALS, WARNINGS, Kind
from livestt.server.services import Services, services
from livestt.timebase import to_seconds


@asynccontextmanager
async def measuring(served: Services) -> AsyncIterator[None]:
    """Watch, for the length of the block, what this server does."""
    metrics = served.metrics
    served.scheduler.observers.append(metrics.batch_done)
    served.uploads.observers.append(metrics.file_done)
    metrics.registry.register(Census(served))
    _introduce(served, metrics.registry)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(metrics.watch_loop)
        yield
        tasks.cancel_scope.cancel()


def _introduce(served: Services, registry: CollectorRegistry) -> None:
    """Say what does not change while the server runs."""
    engine = served.pipeline.engine
    told = {
        "version": __version__,
        "device": engine.device,
        "compute_type": served.pipeline.settings.compute_type,
    }
    Info("livestt_server", "What runs here.", registry=registry).info(
        {**told, "backend": engine.name, "model": engine.model, "allocator": allocator.name()}
    )
    Info("whisperx_service", "What runs here.", registry=registry).info(
        {**told, "serve_mode": "simple"}
    )


class Census(Collector):
    """Reads what the server's parts count themselves, at the moment it is asked."""

    def __init__(self, served: Services) -> None:
        self._served = served
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterator[Metric]:
        yield from self._now()
        yield from self._ever()

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are known once there is something to say."""
        return ()

    def _now(self) -> Iterator[Metric]:
        served = self._served
        sessions, uploads, stats = served.sessions, served.uploads, served.scheduler.stats
        progress = [session.transcript.progress for session in sessions]
        lags = [to_seconds(p.received - p.heard) for p in progress]
        settings = served.pipeline.settings
        live, files = len(sessions), uploads.running
        for name, text, value in (
            ("sessions", "Live sessions now.", live),
            ("sessions_limit", "Maximum number of live sessions.", settings.max_sessions),
            ("connections", "Clients connected to sessions and files.", len(sessions.connections)),
            ("uploads", "Files that are being transcribed.", files),
            ("uploads_waiting", "Files received or waiting.", uploads.admitted - files),
            ("load_level", f"Rung of the ladder, 0 to {len(RUNGS) - 1}.", sessions.ladder.level),
            ("jobs_waiting", "Live jobs waiting for the engine.", stats.waiting),
            ("tasks", "Tasks of the event loop.", len(asyncio.all_tasks(self._loop))),
            ("engine_alive", "Whether all engine threads are alive.", served.scheduler.alive),
            ("draining", "Whether the server is about to stop.", sessions.draining),
            ("lag_seconds", "Audio received but not processed, of the worst session.",
             max(lags, default=0.0)),
            ("lag_all_seconds", "Audio received but not processed, of all sessions.", sum(lags)),
        ):  # fmt: skip
            yield _gauge(f"livestt_{name}", text, value)
        yield _gauge("whisperx_active_transcriptions", "Sessions and files now.", live + files)
        here = state_of(served.scheduler.engine) == "loaded"
        yield _gauge("livestt_model_loaded", "Whether the model is in memory.", here)
        yield _gauge("whisperx_loaded_models", "Models in memory.", int(here))
        yield _gauge("whisperx_vram_allocated_bytes", "Not known: always 0.", 0)

    def _ever(self) -> Iterator[Metric]:
        tally, stats = self._served.sessions.tally, self._served.scheduler.stats
        seconds = {kind: to_seconds(tally.audio[kind]) for kind in KINDS}
        unheard = to_seconds(tally.unheard)
        jobs = {"live": stats.jobs, "file": stats.background}
        for name, text, label, values in (
            ("started", "Sessions and files started.", "kind", _of(tally.started)),
            (
                "refused",
                "Sessions, files and requests refused.",
                "code",
                _all(REFUSALS, tally.refused),
            ),
            ("words", "Words committed.", "kind", _of(tally.words)),
            ("audio_seconds", "Audio decoded.", "kind", seconds),
            (
                "audio_unheard_seconds",
                "Audio of sessions that ended before it was processed.",
                "",
                {"": unheard},
            ),
            ("warnings", "Warnings given to clients.", "code", _all(WARNINGS, tally.warnings)),
            ("jobs", "Jobs given to the engine.", "kind", jobs),
            ("batches", "Batches given to the engine.", "", {"": stats.batches}),
            ("job_failures", "Jobs given up.", "", {"": stats.failures}),
            ("job_retries", "Jobs repeated alone.", "", {"": stats.retries}),
            ("engine_threads_revived", "Threads that died.", "", {"": stats.revived}),
            ("engine_threads_hung", "Threads that hung.", "", {"": stats.hung}),
        ):
            yield _counter(f"livestt_{name}", text, label, values)
        yield from self._store()
        yield from self._residence()

    def _residence(self) -> Iterator[Metric]:
        """How often the model came and went."""
        engine = self._served.scheduler.engine
        stats = engine.residence.stats if isinstance(engine, Resident) else ResidenceStats()
        model, text = engine.capabilities.model, "Times the model was unloaded."
        yield _counter(
            "livestt_model_loads", "Times the model was loaded again.", "", {"": stats.loads}
        )
        seconds = {"": stats.seconds}
        yield _counter("livestt_model_load_seconds", "Spent on loading it.", "", seconds)
        yield _counter("livestt_model_evictions", text, "", {"": stats.evictions})
        yield _counter("whisperx_model_evictions", text, "model", {model: stats.evictions})

    def _store(self) -> Iterator[Metric]:
        store = self._served.store
        if store is None:
            return
        stats = store.stats
        yield _gauge("livestt_store_failing", "Whether words cannot be stored now.",
                     store.trouble is not None)  # fmt: skip
        yield _gauge("livestt_store_words_waiting", "Words kept for a failing disk.", stats.backlog)
        for name, text, value in (
            ("words", "Words stored.", stats.words),
            ("words_lost", "Words that could not be kept.", stats.lost_words),
            ("transactions", "Transactions of the store.", stats.transactions),
            ("failures", "Transactions of the store that failed.", stats.failures),
            ("transaction_seconds", "Spent in them.", stats.seconds),
        ):
            yield _counter(f"livestt_store_{name}", text, "", {"": value})


def routes() -> list[BaseRoute]:
    return [Route("/metrics", show, methods=["GET"])]


async def show(request: Request) -> Response:
    """All figures, in the form that the scraper asks for."""
    registry = services(request).metrics.registry
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), media_type=None, headers={"content-type": kind})


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, label: str, values: Mapping[Any, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=(label,) if label else ())
    for of, value in values.items():
        family.add_metric((of,) if label else (), value)
    return family


def _of(counts: Mapping[Kind, float]) -> dict[str, float]:
    """All kinds, also those that have not happened."""
    return {kind: counts.get(kind, 0) for kind in KINDS}


def _all(codes: Iterable[str], counts: Mapping[str, float]) -> dict[str, float]:
    """All codes, also those that have not happened."""
    return {**dict.fromkeys(codes, 0), **counts}
