"""The application as a whole: what it opens it closes."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from livestt.engines.scripted import ScriptedEngine
from livestt.errors import EngineError
from livestt.server.app import create_app
from livestt.settings import Settings
from livestt.speakers.scripted import ScriptedDiarizer
from livestt.store import Store


class Stubborn(ScriptedEngine):
    """Cannot be closed."""

    def close(self) -> None:
        raise EngineError("no")


class Closed(ScriptedDiarizer):
    """Remembers whether it was."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("apart", [True, False], ids=["two diarizers", "one for both"])
def test_what_cannot_be_closed_keeps_nothing_else_open(tmp_path: Path, apart: bool) -> None:
    store, live, patient = Store(str(tmp_path / "store.db")), Closed(), Closed()
    settings = Settings(wyoming_port=0)
    app = create_app(
        Stubborn(), settings, store=store, diarizer=live, file_diarizer=patient if apart else live
    )

    async def live_once() -> None:
        async with app.router.lifespan_context(app):
            pass

    with pytest.raises(EngineError):
        anyio.run(live_once)
    assert (live.closed, patient.closed) == (1, int(apart))
    assert not store._writer._thread.is_alive()
