"""``/metrics``, ``/ready``, request ids and logs of a real server."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from livestt.engines.scripted import script_of
from livestt.server.operations.tally import REFUSALS, WARNINGS
from livestt.server.timing import Timing
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedStream
from livestt.store import Store

from ..access.test_door import ask, bearer, key_file, refused
from ..conftest import Serve
from ..engines import Faulty, Gated, Watched
from ..running import Running, wait_until

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"
RAW = {"encoding": "s16le"}
SECOND = bytes(32_000)


def figures(server: Running, **headers: str) -> dict[str, float]:
    """Samples by name and labels, as ``name{label=value}``."""
    status, body, found = ask(server, "GET", "/metrics", **headers)
    assert status == 200
    assert found["content-type"].startswith("text/plain; version=")
    return {
        sample.name
        + "".join(
            f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())
        ): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_what_was_done_is_counted(serve: Serve) -> None:
    server = serve(Watched(script_of("one two three")), max_sessions=1)
    with connect(server.url(**RAW)) as socket:
        socket.recv()
        socket.send(2 * SECOND)
        assert refused(server.url())[0] == 429
        now = figures(server)
        assert now["livestt_sessions"] == now["livestt_connections"] == 1
        assert now["whisperx_active_transcriptions"] == 1
        socket.send(b"")
        for _ in socket:
            pass
    server.check_idle()
    now = figures(server)
    assert now["livestt_sessions"] == now["livestt_lag_seconds"] == 0
    assert now["livestt_started_total{kind=live}"] == 1
    assert now["livestt_audio_seconds_total{kind=live}"] == 2
    assert now["livestt_audio_unheard_seconds_total"] == 0
    assert now["livestt_words_total{kind=live}"] == 3
    assert now["livestt_refused_total{code=too_many_sessions}"] == 1
    assert now["livestt_requests_total{method=ws}{path=/asr}{status=101}"] == 1
    assert now["livestt_requests_total{method=ws}{path=/asr}{status=429}"] == 1
    assert now["livestt_batches_total"] == now["livestt_batch_size_count"] >= 1
    assert now["livestt_jobs_total{kind=live}"] == now["livestt_job_wait_seconds_count{kind=live}"]
    assert now["livestt_event_loop_lag_seconds_count"] >= 0
    assert now["livestt_engine_alive"] == now["whisperx_loaded_models"] == 1
    assert any(name.startswith("process_resident_memory_bytes") for name in now)


def test_the_docs_name_every_figure_and_no_other(serve: Serve, tmp_path: Path) -> None:
    server = serve(kept=Store(str(tmp_path / "transcripts.db")))
    families = text_string_to_metric_families(ask(server, "GET", "/metrics")[1].decode())
    ours = [f for f in families if f.name.startswith(("livestt_", "whisperx_"))]
    endings = {"counter": "_total", "info": "_info"}
    there = {f.name + endings.get(f.type, "") for f in ours if not f.name.endswith("_created")}
    page = DOCS.read_text(encoding="utf-8").split("## Metrics")[1].split("## Logs")[0]
    told, brand = set(), ""
    for cell in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE):
        for name in re.findall(r"`([a-z]*_[a-z_]+)(?:\{[a-z,]+\})?`", cell):
            brand = name.partition("_")[0] or brand
            told.add(brand + "_" + name.partition("_")[2])
    assert told == there


def test_nothing_that_operators_are_alarmed_by_begins_without_a_figure(serve: Serve) -> None:
    now = figures(serve())
    assert {now[f"livestt_refused_total{{code={code}}}"] for code in REFUSALS} == {0}
    assert {now[f"livestt_warnings_total{{code={code}}}"] for code in WARNINGS} == {0}


def test_clients_that_acknowledge_tell_how_old_is_what_they_show(serve: Serve) -> None:
    server = serve(Watched(script_of("one two three")))
    with connect(server.url(**RAW, mode="diff")) as socket:
        socket.recv()
        socket.send('{"type": "ack", "seq": 0}')
        socket.send(SECOND)
        while "one" not in (text := str(socket.recv())):
            pass
        seen = json.loads(text)["seq"]
        for seq in (seen - 1, seen):
            socket.send(json.dumps({"type": "ack", "seq": seq}))
        socket.send('{"type": "flush"}')
        while "flushed" not in str(socket.recv()):
            pass
        now = figures(server)
    assert now["livestt_client_staleness_seconds_count"] == 3
    assert now["livestt_client_staleness_seconds_sum"] > 0


def test_requests_are_counted_by_the_rule_they_fall_under(serve: Serve) -> None:
    server = serve()
    for path in ("/health", "/web/app.js", "/web/nothing.js", "/made/up/1", "/made/up/2"):
        ask(server, "GET", path)
    now = figures(server)
    assert now["livestt_requests_total{method=GET}{path=/web/*}{status=200}"] == 1
    assert now["livestt_requests_total{method=GET}{path=other}{status=404}"] == 2
    assert now["livestt_request_duration_seconds_count{path=/health}"] == 1
    assert now["whisperx_requests_total{endpoint=/health}{status=ok}"] == 1
    assert now["whisperx_requests_total{endpoint=other}{status=http_404}"] == 2
    names = {name.partition("{")[0] for name in now}
    assert {
        "whisperx_service_info",
        "whisperx_vram_allocated_bytes",
        "livestt_server_info",
    } <= names
    assert "whisperx_audio_size_megabytes_count" in names


def test_methods_that_nothing_takes_are_one(serve: Serve) -> None:
    server = serve()
    for method in ("LOCK", "PROPFIND"):
        ask(server, method, "/health")
    series = [name for name in figures(server) if name.startswith("livestt_requests_total")]
    assert series == ["livestt_requests_total{method=other}{path=/health}{status=405}"]


def test_figures_need_their_own_scope(serve: Serve, tmp_path: Path) -> None:
    server = serve(api_keys_file=str(key_file(tmp_path)))
    assert ask(server, "GET", "/metrics")[0] == 401
    assert ask(server, "GET", "/metrics", **bearer("reader"))[0] == 403
    assert ask(server, "GET", "/metrics", x_api_key="wrong")[0] == 401
    assert figures(server, **bearer("scraper"))["livestt_wrong_keys_total"] == 1


class Unasked(ScriptedDiarizer):
    """Remembers who wanted something."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[ScriptedStream] = []

    def open(self) -> ScriptedStream:
        self.streams.append(super().open())
        return self.streams[-1]


class TestReady:
    def test_the_engine_is_asked_once_and_believed_for_a_while(self, serve: Serve) -> None:
        server = serve(engine := Watched())
        status, body, _ = ask(server, "GET", "/ready")
        assert (status, body["ready"], body["free"]) == (200, True, 32)
        asked = len(engine.batches)
        assert asked >= 1
        assert ask(server, "GET", "/ready")[0] == 200
        assert len(engine.batches) == asked

    def test_a_full_server_can_say_so_by_its_status(self, serve: Serve) -> None:
        server = serve(Watched(), max_sessions=1)
        assert ask(server, "GET", "/ready?full=404")[0] == 200
        with connect(server.url(**RAW), compression=None):
            assert ask(server, "GET", "/ready")[0] == 200
            status, body, _ = ask(server, "GET", "/ready?full=404")
            assert (status, body["ready"], body["free"]) == (404, True, 0)
        assert ask(server, "GET", "/ready?full=99")[0] == 400

    def test_its_own_answer_counts_before_it_is_reported(self, serve: Serve) -> None:
        server = serve()
        server.app.state.services.scheduler.observers.clear()
        status, body, _ = ask(server, "GET", "/ready")
        assert (status, body["ready"]) == (200, True)
        assert body["answered_ago"] < 60

    def test_answers_to_others_count(self, serve: Serve) -> None:
        server = serve(engine := Watched(script_of("one")))
        server.talk(SECOND, **RAW)
        asked = len(engine.batches)
        assert ask(server, "GET", "/ready")[0] == 200
        assert len(engine.batches) == asked

    def test_a_failing_engine_is_not_ready_until_it_works(self, serve: Serve) -> None:
        server = serve(Faulty((), kind="engine error", times=6), Timing(unready=0))
        status, body, headers = ask(server, "GET", "/ready")
        assert (status, body["code"]) == (503, "engine_error")
        assert int(headers["retry-after"]) >= 1
        wait_until(lambda: ask(server, "GET", "/ready")[0] == 200)

    def test_a_hanging_engine_is_not_ready(self, serve: Serve) -> None:
        server = serve(engine := Gated(), Timing(ready_answer=0.2))
        try:
            status, body, _ = ask(server, "GET", "/ready")
            assert status == 503
            assert "does not answer" in body["message"]
        finally:
            engine.gate.set()

    def test_it_is_the_engine_that_is_asked_and_nobody_else(self, serve: Serve) -> None:
        server = serve(Watched(), diarizer=(diarizer := Unasked()), diarization=True)
        assert ask(server, "GET", "/ready")[0] == 200
        assert not diarizer.streams


class TestRequestIds:
    def test_every_answer_has_one(self, serve: Serve) -> None:
        server = serve()
        first = ask(server, "GET", "/health")[2]["x-request-id"]
        assert first != ask(server, "GET", "/health")[2]["x-request-id"]
        assert ask(server, "GET", "/health", x_request_id="a-1")[2]["x-request-id"] == "a-1"
        assert ask(server, "GET", "/health", x_request_id="a b")[2]["x-request-id"] != "a b"
        with connect(server.url(), additional_headers={"X-Request-Id": "b.2"}) as socket:
            assert socket.response is not None
            assert socket.response.headers["x-request-id"] == "b.2"
