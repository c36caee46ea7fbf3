"""Real servers on free ports, torn down with everything they held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from livestt.engines import Engine
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.embeddings import Embedder
from livestt.store import Store
from livestt.translation import Translator

from .engines import Watched
from .running import Running

FIXTURES = Path(__file__).parents[1] / "fixtures"
Serve = Callable[..., Running]


@contextmanager
def servers() -> Iterator[Serve]:
    """Start servers: ``serve(engine, timing, **settings)``. At the end nothing may be left."""
    with ExitStack() as stack:

        def start(
            engine: Engine | None = None,
            timing: Timing | None = None,
            kept: Store | None = None,
            diarizer: Diarizer | None = None,
            file_diarizer: Diarizer | None = None,
            embedder: Embedder | None = None,
            translator: Translator | None = None,
            **settings: Any,
        ) -> Running:
            chosen = Settings(**{"port": 0, "vad": False, "resume_seconds": 0, **settings})
            models = diarizer, file_diarizer, embedder, translator
            running = Running(engine or Watched(), chosen, timing or Timing(), kept, *models)
            return stack.enter_context(running)

        yield start


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Servers for one test."""
    with servers() as start:
        yield start


@pytest.fixture(scope="module")
def serve_all() -> Iterator[Serve]:
    """Servers for all tests of a module that do them no harm."""
    with servers() as start:
        yield start


class Lent:
    """An engine that outlives the servers that use it: they close theirs, not this one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def close(self) -> None: ...


@pytest.fixture(scope="session")
def lent_whisper(whisper: Engine) -> Lent:
    return Lent(whisper)
