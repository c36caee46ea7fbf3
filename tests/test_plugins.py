from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from livestt import plugins
from livestt.errors import SetupError


def test_livestts_own_are_there_without_being_imported() -> None:
    assert plugins.installed("livestt.none", {"ours": "no.such:thing"})["ours"].value == (
        "no.such:thing"
    )


@pytest.mark.parametrize("value", ["no.such:thing", "json:nothing"])
def test_a_broken_one_is_named_with_its_module(value: str) -> None:
    with pytest.raises(SetupError, match=f"The engine theirs .{value}. cannot be imported"):
        plugins.load(EntryPoint("theirs", value, "livestt.engines"), "engine")


def test_a_whole_one_is_what_it_names() -> None:
    assert plugins.load(EntryPoint("theirs", "json:dumps", "livestt.engines"), "engine")(1) == "1"
