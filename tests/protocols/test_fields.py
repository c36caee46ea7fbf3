"""Fields, however their senders write them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadRequest
from livestt.protocols.fields import Fields, language_of

from .recordings import refusal

ENGINE = ScriptedEngine().capabilities


@pytest.mark.parametrize(
    "pairs",
    [
        [("a[]", "x"), ("a[]", "y")],
        [("a", "x"), ("a", "y")],
        [("a[0]", "x"), ("a[1]", "y")],
        [("a", "x, y")],
        [("a", '["x", "y"]')],
        [("a[]", "x"), ("a", ' ["y"]'), ("ab[]", "z"), ("a[b]", "z")],
    ],
)
def test_lists(pairs: list[tuple[str, str]]) -> None:
    assert Fields(pairs).items("a") == ["x", "y"]


@pytest.mark.parametrize("value", ["," * 100_000, f"[{'1,' * 30_000}1]", "[" + "1," * 3_000 + "1]"])
def test_lists_without_end_are_refused(value: str) -> None:
    """Reading millions of items would keep everybody else waiting."""
    error = refusal(lambda: Fields([("a", value)]).items("a"))
    assert error is not None
    assert error.param == "a"


def test_items_that_contain_commas() -> None:
    url = "data:audio/wav;base64,AAAA"
    assert Fields([("a[]", url), ("a[]", url)]).items("a", split=False) == [url, url]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], None),
        ([("a", "auto")], "auto"),
        ([("a", '{"type": "x", "n": 0.5}')], {"type": "x", "n": 0.5}),
        ([("a[type]", "x"), ("a[n]", "0.5")], {"type": "x", "n": "0.5"}),
        ([("a[]", "x")], None),
    ],
)
def test_objects(pairs: list[tuple[str, str]], expected: object) -> None:
    assert Fields(pairs).object("a") == expected


@pytest.mark.parametrize("value", ["true", "True", "1", " yes "])
def test_truth(value: str) -> None:
    assert Fields([("a", value)]).boolean("a", False)
    assert not Fields([("a", "")]).boolean("a", True)
    assert Fields([]).boolean("a", True)


def test_the_last_of_several_counts() -> None:
    assert Fields([("a", "x"), ("a", "y")]).text("a") == "y"


@given(st.lists(st.tuples(st.sampled_from(["a", "a[]", "a[b]", "a[0]"]), st.text(max_size=20))))
def test_any_value_is_read_or_refused_by_name(pairs: list[tuple[str, str]]) -> None:
    fields = Fields(pairs)
    for read in (
        lambda: fields.text("a", longest=10),
        lambda: fields.boolean("a", True),
        lambda: fields.choice("a", ("x",), "x"),
        lambda: fields.number("a", 0, 1),
        lambda: fields.integer("a", 0, 10),
        lambda: fields.items("a"),
        lambda: fields.object("a"),
        lambda: fields.member("a", {"b": dict(pairs)}, "b", 0, 1),
        lambda: fields.member("a", dict(pairs), "a[b]", 0, 1),
        lambda: language_of(fields.text("a"), ENGINE, "a"),
    ):
        error = refusal(read)
        assert error is None or (error.param or "").startswith("a")


def test_numbers() -> None:
    fields = Fields([("a", "0.5"), ("b", "2"), ("c", "nan"), ("d", "1e999"), ("e", "")])
    assert fields.number("a", 0, 1) == 0.5
    assert fields.integer("b", 0, 2) == 2
    assert fields.number("e", 0, 1) is None
    for name in "cd":
        with pytest.raises(BadRequest):
            fields.number(name, 0, 1)
    with pytest.raises(BadRequest, match="whole number"):
        fields.integer("a", 0, 1)


def test_languages() -> None:
    assert language_of("en-US", ENGINE, "language") == "en"
    assert language_of("French", ENGINE, "language") == "fr"
    assert language_of("auto", ENGINE, "language") is None
    with pytest.raises(BadRequest, match="'xx'") as caught:
        language_of("xx", ENGINE, "language")
    assert caught.value.param == "language"
    with pytest.raises(BadRequest):
        language_of("fr", replace(ENGINE, languages=frozenset({"en"})), "language")
