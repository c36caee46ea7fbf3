"""What a server tells Prometheus, at ``/metrics``.

Counters and gauges that the server keeps anyway are read when they are asked for (`Census`);
histograms are filled where things happen (`Metrics`). Every server has a registry of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
from prometheus_client import Counter, Histogram, Info
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livestt import __version__
from livestt.engines.scheduler import BatchReport
from livestt.server.ladder import RUNGS
from livestt.server.services import Services, services
from livestt.server.tally import KINDS, Kind
from livestt.timebase import to_seconds

FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LONG = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14_400)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
MEGABYTES = (0.1, 0.5, 1, 5, 10, 50, 100, 500, 1000)
LOOP_STEP = 0.25
"""Seconds between readings of the event loop's lag."""


class Metrics:
    """The instruments of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.requests = Counter(
            "livestt_requests",
            "Requests and WebSockets by path, method (ws for a WebSocket) and status.",
            ("path", "method", "status"),
            registry=registry,
        )
        self.request_seconds = _histogram(
            registry, "livestt_request_duration_seconds", "Duration of HTTP requests.", FAST, "path"
        )
        self.wrong_keys = Counter(
            "livestt_wrong_keys", "Keys shown that were not valid.", registry=registry
        )
        self.batch_size = _histogram(
            registry, "livestt_batch_size", "Jobs that the engine worked on at once.", BATCHES
        )
        self.batch_seconds = _histogram(
            registry, "livestt_batch_duration_seconds", "Time the engine took over a batch.", FAST
        )
        self.job_wait = _histogram(
            registry, "livestt_job_wait_seconds", "Time jobs waited for the engine.", FAST, "kind"
        )
        self.loop_lag = _histogram(
            registry,
            "livestt_event_loop_lag_seconds",
            "Time by which the event loop is late, four readings a second.",
            FAST,
        )
        self.audio_seconds = _histogram(
            registry, "whisperx_audio_duration_seconds", "Duration of files, once decoded.", LONG
        )
        self.audio_megabytes = _histogram(
            registry, "whisperx_audio_size_megabytes", "Size of files.", MEGABYTES
        )
        self._aliases = (
            Counter(
                "whisperx_requests",
                "HTTP requests by path; status is ok, http_CODE or error.",
                ("endpoint", "status"),
                registry=registry,
            ),
            _histogram(
                registry,
                "whisperx_request_duration_seconds",
                "Duration of HTTP requests.",
                FAST,
                "endpoint",
            ),
        )

    def served(self, path: str, method: str, status: int, seconds: float) -> None:
        """One request or WebSocket is over.

        Args:
            path: as in `livestt.access.rules.RULES`, so that there are not too many.
            method: ``ws`` for a WebSocket; one of few, as each becomes a series.
            status: of the answer; 101 for a WebSocket that opened, 500 for none at all.
            seconds: that it took.
        """
        self.requests.labels(path, method, str(status)).inc()
        if method == "ws":
            return
        self.request_seconds.labels(path).observe(seconds)
        outcome = "ok" if status < 400 else f"http_{status}"
        requests, duration = self._aliases
        requests.labels(path, outcome).inc()
        duration.labels(path).observe(seconds)

    def batch_done(self, report: BatchReport) -> None:
        """The engine has answered. Called in its threads."""
        self.batch_size.observe(report.size)
        self.batch_seconds.observe(report.seconds)
        for wait in report.waits:
            self.job_wait.labels("file" if report.background else "live").observe(wait)

    def file_done(self, samples: int, size: int) -> None:
        """A file has been worked off, of so many samples and bytes."""
        self.audio_seconds.observe(to_seconds(samples))
        self.audio_megabytes.observe(size / 1_000_000)

    @asynccontextmanager
    async def attend(self, served: Services) -> AsyncIterator[None]:
        """Watch, for the length of the block, what this server does."""
        served.scheduler.observers.append(self.batch_done)
        served.uploads.observers.append(self.file_done)
        self._introduce(served)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_loop)
            yield
            tasks.cancel_scope.cancel()

    def _introduce(self, served: Services) -> None:
        """Say what does not change while the server runs, and where to read what does."""
        self.registry.register(Census(served))
        engine = served.pipeline.engine
        told = {
            "version": __version__,
            "device": engine.device,
            "compute_type": served.pipeline.settings.compute_type,
        }
        Info("livestt_server", "What runs here.", registry=self.registry).info(
            {**told, "backend": engine.name, "model": engine.model}
        )
        Info("whisperx_service", "What runs here.", registry=self.registry).info(
            {**told, "serve_mode": "simple"}
        )

    async def _watch_loop(self) -> None:
        """Read the event loop's lag, for ever."""
        while True:
            due = anyio.current_time() + LOOP_STEP
            await anyio.sleep(LOOP_STEP)
            self.loop_lag.observe(max(0.0, anyio.current_time() - due))


class Census(Collector):
    """Reads what the server's parts count themselves, at the moment it is asked."""

    def __init__(self, served: Services) -> None:
        self._served = served

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
            ("sessions_limit", "Most live sessions there may be.", settings.max_sessions),
            ("connections", "Clients connected to sessions and files.", len(sessions.connections)),
            ("uploads", "Files that are being transcribed.", files),
            ("uploads_waiting", "Files received or waiting.", uploads.admitted - files),
            ("load_level", f"Rung of the ladder, 0 to {len(RUNGS) - 1}.", sessions.ladder.level),
            ("jobs_waiting", "Live jobs waiting for the engine.", stats.waiting),
            ("engine_alive", "Whether all threads of the engine live.", served.scheduler.alive),
            ("draining", "Whether the server is about to stop.", sessions.draining),
            ("lag_seconds", "Audio received and not heard, of the session worst off.",
             max(lags, default=0.0)),
            ("lag_all_seconds", "Audio received and not heard, of all sessions.", sum(lags)),
        ):  # fmt: skip
            yield _gauge(f"livestt_{name}", text, value)
        yield _gauge("whisperx_active_transcriptions", "Sessions and files now.", live + files)
        yield _gauge("whisperx_loaded_models", "Models in memory.", int(served.scheduler.alive))
        yield _gauge("whisperx_vram_allocated_bytes", "Not known: always 0.", 0)

    def _ever(self) -> Iterator[Metric]:
        tally, stats = self._served.sessions.tally, self._served.scheduler.stats
        seconds = {kind: to_seconds(tally.audio[kind]) for kind in KINDS}
        unheard = to_seconds(tally.unheard)
        jobs = {"live": stats.jobs, "file": stats.background}
        for name, text, label, values in (
            ("started", "Sessions and files begun.", "kind", _of(tally.started)),
            ("refused", "Newcomers turned away.", "code", dict(tally.refused)),
            ("words", "Words committed.", "kind", _of(tally.words)),
            ("audio_seconds", "Audio decoded.", "kind", seconds),
            ("audio_unheard_seconds", "Audio that a session ended before.", "", {"": unheard}),
            ("warnings", "Warnings given to clients.", "code", dict(tally.warnings)),
            ("jobs", "Jobs that the engine was asked.", "kind", jobs),
            ("batches", "Batches that the engine was asked.", "", {"": stats.batches}),
            ("job_failures", "Jobs given up.", "", {"": stats.failures}),
            ("job_retries", "Jobs asked again, alone.", "", {"": stats.retries}),
            ("engine_threads_revived", "Threads that died.", "", {"": stats.revived}),
        ):
            yield _counter(f"livestt_{name}", text, label, values)
        yield from self._store()
        yield _counter("whisperx_model_evictions", "Models put out of memory.", "model", {})

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


def _histogram(
    registry: CollectorRegistry, name: str, text: str, buckets: Iterable[float], *labels: str
) -> Histogram:
    return Histogram(name, text, labels, buckets=tuple(buckets), registry=registry)


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
