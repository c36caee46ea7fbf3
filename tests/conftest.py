"""Fixtures for all tests. Hypothesis repeats itself here, so that a failure is everybody's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from livestt.engines.faster_whisper import FasterWhisperEngine

POSTGRES = os.environ.get("LIVESTT_TEST_POSTGRES", "")
"""Address of a database for these tests, which they empty; ``own`` starts one."""
FIXTURES = Path(__file__).parent / "fixtures"

settings.register_profile("default", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests go last: Playwright keeps an event loop running in the main thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture
def anyio_backend() -> str:
    """What tests marked ``anyio`` run on, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _no_transcripts_of_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Programs that tests start keep nothing in the user's own folders."""
    os.environ["LIVESTT_STORE"] = "none"
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL for whoever empties it first."""
    from livestt.bench.postgres import postgres as own

    if not POSTGRES:
        pytest.skip("LIVESTT_TEST_POSTGRES names no database")
    with ExitStack() as stack:
        yield stack.enter_context(own()) if POSTGRES == "own" else POSTGRES


@pytest.fixture(params=["sqlite", *(["postgres"] if POSTGRES else [])])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """What ``--store`` names in this test: a database that is empty, in each kind there is."""
    if request.param == "sqlite":
        return str(tmp_path / "transcripts.db")
    from sqlalchemy import create_engine

    from livestt.store.database import address
    from livestt.store.schema import SCHEMA

    found: str = request.getfixturevalue("postgres")
    engine = create_engine(address(found))
    SCHEMA.drop_all(engine)
    engine.dispose()
    return found


@pytest.fixture(scope="session")
def whisper() -> Iterator[FasterWhisperEngine]:
    """The small Whisper that knows the speech of ``tests/fixtures``."""
    from livestt.engines import EngineSettings
    from livestt.engines.faster_whisper import FasterWhisperEngine

    engine = FasterWhisperEngine(
        EngineSettings(str(FIXTURES / "whisper-synth"), device="cpu", threads=2)
    )
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def recordings() -> list[dict[str, Any]]:
    """The rows of the speech manifest."""
    manifest = FIXTURES / "speech" / "manifest.jsonl"
    return [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
