"""The instruments of a server: metrics that are recorded where things happen.

What the server counts anyway is read when somebody asks: `livestt.server.operations.census`.
"""

from __future__ import annotations

from collections.abc import Iterable

import anyio
from prometheus_client import Counter, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from livestt.engines.tickets import BatchReport
from livestt.timebase import to_seconds

FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
REQUESTS = (*FAST, 120, 300, 600, 1800)
"""A request for a file takes as long as the file is transcribed."""
LONG = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14_400)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
MEGABYTES = (0.1, 0.5, 1, 5, 10, 50, 100, 500, 1000)
LATE = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LOOP_STEP = 0.1
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
            registry,
            "livestt_request_duration_seconds",
            "Duration of HTTP requests.",
            REQUESTS,
            "path",
        )
        self.wrong_keys = Counter("livestt_wrong_keys", "Invalid keys received.", registry=registry)
        self.batch_size = _histogram(registry, "livestt_batch_size", "Jobs in a batch.", BATCHES)
        self.batch_seconds = _histogram(
            registry, "livestt_batch_duration_seconds", "Time the engine took for a batch.", FAST
        )
        self.job_wait = _histogram(
            registry, "livestt_job_wait_seconds", "Time jobs waited for the engine.", FAST, "kind"
        )
        self.loop_lag = _histogram(
            registry,
            "livestt_event_loop_lag_seconds",
            "How late the event loop is, sampled ten times a second.",
            LATE,
        )
        self.client_staleness = _histogram(
            registry,
            "livestt_client_staleness_seconds",
            "When a native client acknowledges a state: how old the oldest one is that it lacks.",
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
                REQUESTS,
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
        """A file of so many samples and bytes has been processed."""
        self.audio_seconds.observe(to_seconds(samples))
        self.audio_megabytes.observe(size / 1_000_000)

    async def watch_loop(self) -> None:
        """Read the event loop's lag, for ever."""
        while True:
            due = anyio.current_time() + LOOP_STEP
            await anyio.sleep(LOOP_STEP)
            self.loop_lag.observe(max(0.0, anyio.current_time() - due))


def _histogram(
    registry: CollectorRegistry, name: str, text: str, buckets: Iterable[float], *labels: str
) -> Histogram:
    return Histogram(name, text, labels, buckets=tuple(buckets), registry=registry)
