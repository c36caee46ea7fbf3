"""OpenTelemetry: a span for each session and for each batch of the engine.

Where spans go is said by the usual ``OTEL_*`` variables. No span holds what somebody said. The ids
of a session's span are those of its lines in the log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from livestt import __version__
from livestt.engines.tickets import BatchReport
from livestt.errors import MissingExtra
from livestt.server.access import asking
from livestt.server.live.session import LiveSession
from livestt.server.services import Services
from livestt.timebase import to_seconds

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SECOND = 1_000_000_000
"""Nanoseconds."""


class Tracing:
    """Makes the spans of one server.

    Args:
        provider: where they go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("livestt", __version__)

    @classmethod
    def from_environment(cls) -> Tracing:
        """As the ``OTEL_*`` variables say, over HTTP.

        Raises:
            MissingExtra: OpenTelemetry is not installed.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise MissingExtra("--tracing", "otel") from error
        name = os.environ.get("OTEL_SERVICE_NAME", "livestt")
        resource = Resource.create({"service.name": name, "service.version": __version__})
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def attend(self, served: Services) -> None:
        """Trace what this server does."""
        served.scheduler.observers.append(self.batch_done)
        served.sessions.around.append(self.session)

    def batch_done(self, report: BatchReport) -> None:
        """A batch that has just ended. Called in the engine's threads."""
        from opentelemetry.trace import StatusCode

        ended = time.time_ns()
        span = self._tracer.start_span(
            "batch",
            start_time=ended - int(report.seconds * SECOND),
            attributes={
                "livestt.batch.size": report.size,
                "livestt.batch.background": report.background,
                "livestt.batch.longest_wait": max(report.waits),
                "livestt.batch.failures": report.failures,
            },
        )
        if report.failures:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    @contextmanager
    def session(self, session: LiveSession) -> Iterator[None]:
        """A session, from its start to its end."""
        from opentelemetry.trace import StatusCode

        with self._tracer.start_as_current_span("session") as span:
            span.set_attribute("livestt.request.id", asking.request_id.get())
            try:
                yield
            finally:
                progress = session.transcript.progress
                span.set_attributes(
                    {
                        "livestt.session.id": session.id,
                        "livestt.session.key": session.owner,
                        "livestt.session.language": session.options.language or "auto",
                        "livestt.session.audio_seconds": to_seconds(progress.received),
                        "livestt.session.unheard_seconds": to_seconds(
                            progress.received - progress.heard
                        ),
                    }
                )
                if session.failure is not None:
                    span.set_status(StatusCode.ERROR, session.failure.code)

    def close(self) -> None:
        """Send what has not been sent. Blocking."""
        self._provider.shutdown()
