"""``livestt voices``: profiles made from files, without a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


FIXTURES = Path(__file__).parents[1] / "fixtures"
MODEL = str(FIXTURES / "speaker/voices.onnx")


def speech(name: str) -> str:
    return str(FIXTURES / f"speech/{name}.flac")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "transcripts.db")


def test_voices_are_added_listed_and_removed(run: Run, store: str) -> None:
    kept = {"LIVESTT_STORE": store, "LIVESTT_EMBEDDING_MODEL": MODEL}
    added = run("voices", "add", "Ann", speech("slt-01"), speech("slt-02"), **kept)
    assert added.exit_code == 0, added.output
    assert run("voices", "add", "Ann", speech("rms-01"), **kept).exit_code == 2
    [row] = run("voices", "list", **kept).stdout.splitlines()
    assert row.startswith("Ann  5.")
    assert run("voices", "list", "--key", "somebody", **kept).stdout == ""
    assert run("voices", "remove", "Bea", **kept).exit_code == 2
    assert run("voices", "remove", "Ann", **kept).exit_code == 0
    assert run("voices", "list", **kept).stdout == ""


@pytest.mark.parametrize(
    ("arguments", "variables", "reason"),
    [
        (["add", "Ann", speech("slt-01")], {}, "--embedding-model"),
        (["list"], {"LIVESTT_STORE": "none"}, "--store"),
        (["add", " ", speech("slt-01")], {"LIVESTT_EMBEDDING_MODEL": MODEL}, "needs a name"),
        (["add", "x" * 101, speech("slt-01")], {"LIVESTT_EMBEDDING_MODEL": MODEL}, "1 to 100"),
        (
            ["add", "Ann", str(FIXTURES / "noise/hum.flac")],
            {"LIVESTT_EMBEDDING_MODEL": MODEL},
            "0.0 s of speech",
        ),
        (
            ["add", "Ann", speech("slt-01"), speech("awb-01")],
            {"LIVESTT_EMBEDDING_MODEL": MODEL},
            "two people",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, store: str, arguments: list[str], variables: dict[str, str], reason: str
) -> None:
    refused = run("voices", *arguments, **{"LIVESTT_STORE": store, **variables})
    assert refused.exit_code == 2
    assert reason in refused.output
