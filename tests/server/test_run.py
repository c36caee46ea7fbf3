"""What a server says when it starts."""

from __future__ import annotations

import logging
import socket

import pytest

from livestt.server import run

from .conftest import Serve, servers
from .engines import Watched

OWN = ("192.0.2.7", "2001:db8::7")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "http://192.0.2.7:{}"), ("127.0.0.1", None)],
)
def test_people_on_other_machines_get_an_address(
    host: str,
    shown: str | None,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(run, "own_addresses", lambda: iter(OWN))
    caplog.set_level(logging.INFO, run.log.name)
    server = serve(host=host)
    told = [record.getMessage() for record in caplog.records if record.name == run.log.name]
    expected = [] if shown is None else [shown.format(server.port)]
    assert [line.rpartition(" ")[2] for line in told] == expected


@pytest.mark.parametrize(
    ("host", "own", "names"),
    [
        ("::", OWN, ["[2001:db8::7]"]),
        ("", OWN, ["192.0.2.7", "[2001:db8::7]"]),
        ("0.0.0.0", OWN[1:], ["office"]),
    ],
)
def test_it_is_one_that_is_listened_on(
    host: str, own: tuple[str, ...], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "own_addresses", lambda: iter(own))
    monkeypatch.setattr(socket, "gethostname", lambda: "office")
    assert run.names_elsewhere(host) == names


def test_who_presses_ctrl_c_twice_leaves_nothing_open() -> None:
    class Closing(Watched):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    engine = Closing()
    with servers() as start:
        start(engine).server.force_exit = True
    assert engine.closed == 1
