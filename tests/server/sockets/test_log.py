"""What the log says of a WebSocket, and what it never does."""

from __future__ import annotations

import logging

import pytest

from livestt.engines.scripted import script_of

from ..conftest import Serve
from ..engines import Watched

AUDIO = bytes(32_000 * 3)


def test_nobodys_words_are_logged_at_any_level(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(Watched(script_of("Xylophone zebra")), log_level="debug")
    told = server.talk(AUDIO, encoding="s16le", prompt="Quetzal")
    assert "Xylophone" in told.text
    # The client is in this process too.
    lines = [r.getMessage() for r in caplog.records if r.name != "websockets.client"]
    assert any(line.startswith("ws /asr 101 in ") for line in lines)
    assert not any(word in line for line in lines for word in ("Xylophone", "zebra", "Quetzal"))
    assert "connection open" not in lines
