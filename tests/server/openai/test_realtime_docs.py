"""docs/openai-realtime.md and docs/wyoming.md name everything that goes over the wire."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import livestt
from livestt.protocols.openai_realtime import configuration
from livestt.server.openai.realtime import routes

ROOT = Path(__file__).parents[3]
CODE = Path(livestt.__file__).parent
PAGE = (ROOT / "docs" / "openai-realtime.md").read_text(encoding="utf-8")
WYOMING = (ROOT / "docs" / "wyoming.md").read_text(encoding="utf-8")
DIALECT = "".join(
    path.read_text(encoding="utf-8")
    for path in (CODE / "protocols" / "openai_realtime").glob("*.py")
)


def named(name: str, page: str = PAGE) -> bool:
    return re.search(rf"`([^`]*[ .\"])?{re.escape(name)}\b[^`]*`", page) is not None


def test_every_event() -> None:
    prefixes = "session|transcription_session|input_audio_buffer"
    kinds = set(re.findall(rf'"((?:{prefixes})\.(?!input_)\w+)"', DIALECT))
    kinds |= {
        f"conversation.item.input_audio_transcription.{kind}"
        for kind in re.findall(r'f"\{TRANSCRIPTION\}\.(\w+)"', DIALECT)
    }
    kinds |= {f"conversation.item.{step}" for step in ("created", "added", "done")}
    assert len(kinds) >= 15
    assert not [kind for kind in kinds if not named(kind)]


@pytest.mark.parametrize("table", ["HEARING", "VAD", "SEMANTIC", "BETA_FIELDS"])
def test_every_field_of_the_configuration(table: str) -> None:
    fields = getattr(configuration, table)
    assert not [name for name in fields if not named(name)]


def test_every_route() -> None:
    assert not [route.path for route in routes() if not named(route.path)]  # type: ignore[attr-defined]


def test_every_event_of_wyoming() -> None:
    sources = "".join(
        (CODE / folder / "wyoming.py").read_text(encoding="utf-8")
        for folder in ("protocols", "server")
    )
    kinds = set(re.findall(r'(?:Message\(|case )"([a-z-]+)"', sources))
    assert len(kinds) >= 10
    assert not [kind for kind in kinds if not named(kind, WYOMING)]
