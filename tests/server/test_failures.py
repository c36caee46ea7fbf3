"""Failures of the engine and of the server itself: each stays with its session."""

from __future__ import annotations

from typing import Any

import pytest

from livestt.engines import StreamOptions
from livestt.engines.scripted import script_of
from livestt.errors import EngineError

from .conftest import Serve
from .engines import Watched

TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = bytes(32_000 * 9)
RAW = {"encoding": "s16le"}


def test_an_engine_that_takes_no_session_is_an_error(serve: Serve) -> None:
    class Full(Watched):
        def open(self, options: StreamOptions) -> Any:
            raise EngineError("no memory for another session")

    told = serve(Full()).talk(AUDIO, **RAW)
    [error] = told.of("error")
    assert (error["code"], told.close_code) == ("engine_error", 1011)
    assert not told.state.finished


def test_a_bug_in_one_session_ends_that_session_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(Watched(script_of(TEXT)))
    server.expects_errors = True
    with monkeypatch.context() as patch:
        patch.setattr("livestt.session.Session.receive_flush", lambda *_: 1 / 0)
        told = server.talk(AUDIO, '{"type": "flush"}', **RAW)
    assert told.close_code == 1011
    assert "ZeroDivisionError" in "".join(server.errors.records)
    assert server.talk(AUDIO, **RAW).text == TEXT
