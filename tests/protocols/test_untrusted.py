"""JSON from clients costs no more than it is long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from livestt.errors import BadRequest
from livestt.protocols import native, untrusted
from livestt.protocols.deepgram import control
from livestt.protocols.openai_realtime import client_events
from livestt.protocols.untrusted import MOST_VALUES, loads

DEEP = "[" * 101 + "]" * 101
BOMB = "[" + "[]," * MOST_VALUES + "[]]"


@pytest.mark.parametrize("text", [BOMB, BOMB.encode(), "[" + "1," * MOST_VALUES + "1]"])
def test_too_many_values_are_not_read(text: str | bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted.json, "loads", lambda text: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="more than 10000 values"):
        loads(text)


def test_a_hundred_levels_are_read_and_no_more() -> None:
    assert loads("[" * 100 + "]" * 100)
    assert loads('{"a": ' * 100 + "1" + "}" * 100)
    for deeper in (DEEP, '{"a": ' * 101 + "1" + "}" * 101, "[" * 4_000 + "]" * 4_000):
        with pytest.raises(RecursionError):
            loads(deeper)


def test_long_text_is_read() -> None:
    assert loads(f'{{"audio": "{"A" * (20 << 20)}"}}')["audio"]


@pytest.mark.parametrize(
    "parse", [native.parse_control, control.parse_control, client_events.parse]
)
@pytest.mark.parametrize(("text", "says"), [(BOMB, "more than 10000 values"), (DEEP, "nested")])
def test_every_dialect_refuses_them(parse: Callable[[str], Any], text: str, says: str) -> None:
    told: Any = None
    try:
        told = parse(text)
    except BadRequest as error:
        told = error
    assert says in str(told)
