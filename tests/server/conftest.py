"""Real servers on free ports, torn down with everything they held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from livestt.engines import Engine, EngineSettings
from livestt.engines.faster_whisper import FasterWhisperEngine
from livestt.server.timing import Timing
from livestt.settings import Settings

from .engines import Watched
from .running import Running

FIXTURES = Path(__file__).parents[1] / "fixtures"
Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers: ``serve(engine, timing, **settings)``. At the end nothing may be left."""
    with ExitStack() as stack:

        def start(
            engine: Engine | None = None, timing: Timing | None = None, **settings: Any
        ) -> Running:
            chosen = Settings(**{"port": 0, "vad": False, **settings})
            return stack.enter_context(Running(engine or Watched(), chosen, timing or Timing()))

        yield start


@pytest.fixture(scope="session")
def whisper() -> Iterator[Engine]:
    """The small real model. Servers close their engine, so this one only pretends to close."""
    engine = FasterWhisperEngine(EngineSettings(model=str(FIXTURES / "whisper-synth"), threads=2))
    really_close, engine.close = engine.close, lambda: None  # type: ignore[method-assign]
    yield engine
    really_close()
