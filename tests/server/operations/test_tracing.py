"""Spans of sessions and batches."""

from __future__ import annotations

import sys

import pytest

from livestt.engines.scripted import script_of
from livestt.errors import MissingExtra
from livestt.server.operations.tracing import Tracing

from ..conftest import Serve
from ..engines import Faulty, Watched

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SECOND = bytes(32_000)


class Kept(InMemorySpanExporter):
    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.get_finished_spans() if span.name == name]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept, provider = Kept(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(Tracing, "from_environment", lambda: Tracing(provider))
    return kept


def test_a_session_and_its_batches_are_spans(serve: Serve, kept: Kept) -> None:
    server = serve(Watched(script_of("secret words")), tracing=True)
    heard = server.talk(2 * SECOND, encoding="s16le", prompt="hidden")
    server.check_idle()
    (session,) = kept.named("session")
    assert session.attributes is not None
    assert session.attributes["livestt.session.id"] == heard.messages[0]["session"]
    assert session.attributes["livestt.request.id"]
    assert session.attributes["livestt.session.audio_seconds"] == 2
    assert session.attributes["livestt.session.unheard_seconds"] == 0
    assert session.status.is_unset
    batches = kept.named("batch")
    assert batches
    for batch in batches:
        assert batch.attributes is not None
        assert batch.attributes["livestt.batch.size"] == 1
        assert (batch.start_time or 0) <= (batch.end_time or 0)
    told = "".join(span.to_json() for span in kept.get_finished_spans())
    assert "secret" not in told
    assert "hidden" not in told


def test_failures_are_seen(serve: Serve, kept: Kept) -> None:
    server = serve(Faulty(script_of("words"), kind="engine error", times=1), tracing=True)
    server.talk(2 * SECOND, encoding="s16le")
    server.talk(b"not audio, of no kind at all", encoding="auto")
    server.check_idle()
    assert [span.status.is_ok or span.status.is_unset for span in kept.named("batch")].count(
        False
    ) == 1
    assert [span.status.description for span in kept.named("session")] == [None, "bad_audio"]


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingExtra, match="the extra 'otel'"):
        Tracing.from_environment()


def test_the_environment_says_where_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "captions")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    tracing = Tracing.from_environment()
    assert tracing._provider.resource.attributes["service.name"] == "captions"
    tracing.close()
