"""A server on Ray, without Ray: what it is told, and that it drains when it is to stop."""

from __future__ import annotations

import logging
import signal
from threading import Event

import anyio
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette

from livestt.cli import main
from livestt.cli.serve import assemble
from livestt.server.ray_serve import (
    LEAVING,
    OUT_OF_REACH,
    UNTOLD,
    Scale,
    _is_stopping,
    application,
    replica,
    run_until_told,
)
from livestt.server.timing import Timing
from livestt.settings import Settings


def test_a_handshake_never_waits_for_room() -> None:
    """The server refuses at once; Ray would let the client wait for a replica."""
    told = Scale(1, 4).options(Settings(max_sessions=20))
    assert told["max_ongoing_requests"] == OUT_OF_REACH
    assert told["autoscaling_config"]["target_ongoing_requests"] == 14
    assert told["graceful_shutdown_timeout_s"] == LEAVING > Timing().drain


def test_a_replica_that_is_to_stop_drains() -> None:
    stop = Event()
    settings = Settings(backend="scripted", store="none", vad=False)
    app = replica(assemble(settings, logging.getLogger().info), stop.is_set)

    async def run() -> None:
        async with app.router.lifespan_context(app):
            sessions = app.state.services.sessions
            assert not sessions.draining
            stop.set()
            with anyio.fail_after(60):
                while not sessions.draining:  # noqa: ASYNC110 - it tells nobody
                    await anyio.sleep(0.01)

    anyio.run(run)


def test_a_ray_that_hides_that_a_replica_stops_is_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once, not at every look."""

    class Impl:
        _shutting_down = False

    class Actor:
        _replica_impl: object = Impl()

    told: set[str] = set()
    assert not _is_stopping(lambda: [object(), Actor()], told)
    assert not caplog.messages
    Impl._shutting_down = True
    assert _is_stopping(lambda: [object(), Actor()], told)
    for _ in range(2):
        assert not _is_stopping(lambda: [object()], told)
    assert caplog.messages == [UNTOLD]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_replicas_drain_when_the_driver_is_told_to_stop(number: signal.Signals) -> None:
    """Ray's own way to end is to abort, which on a cluster of one machine ends every session."""
    told: list[str] = []

    class Serve:
        def run(self, app: str, *, name: str, route_prefix: str, blocking: bool) -> None:
            told.append(f"run {app} {name} {route_prefix} {blocking}")
            signal.raise_signal(number)

        def delete(self, name: str) -> None:
            told.append(f"delete {name}")

    before = signal.getsignal(signal.SIGTERM)
    interrupt = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # who runs us may ignore it
    try:
        run_until_told(Serve(), "app")
    finally:
        signal.signal(signal.SIGINT, interrupt)
    assert told == ["run app livestt / True", "delete livestt"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("flags", "advice"),
    [
        (["--max-replicas", "2", "--store", "here.db"], "need one store"),
        (["--min-replicas", "3", "--max-replicas", "2"], "--max-replicas must not be less"),
    ],
)
def test_what_cannot_work_is_refused(flags: list[str], advice: str) -> None:
    result = CliRunner().invoke(main, ["ray", *flags])
    assert result.exit_code == 2
    assert advice in result.output


def test_ray_takes_it() -> None:
    pytest.importorskip("ray")
    options = Scale(1, 4).options(Settings())
    deployment = application(Starlette, options)._bound_deployment
    assert deployment.max_ongoing_requests == OUT_OF_REACH
