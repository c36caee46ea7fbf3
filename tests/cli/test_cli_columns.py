"""What commands print, in terminals of any width."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from livestt.cli import main
from livestt.cli.columns import hanging

Run = Callable[..., Result]


def paths(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """How a command and those below it are called."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from paths(below, *path, name)


@pytest.mark.parametrize("path", list(paths(main)), ids=" ".join)
def test_help_fits_80_columns_and_keeps_names_whole(path: tuple[str, ...], run: Run) -> None:
    lines = run(*path, "--help", COLUMNS="80").stdout.splitlines()
    assert lines[-1].startswith(" ")
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line.endswith("-")] == []
    assert [line for line in lines if line.startswith("  ") and line.endswith("...")] == []


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_models_breaks_no_name(columns: str, run: Run) -> None:
    """Whoever copies a name, or looks for it with grep, needs all of it in one line."""
    lines = run("models", COLUMNS=columns).stdout.splitlines()
    assert "sortformer  nvidia/diar_streaming_sortformer_4spk-v2" in lines
    assert "pyannote    pyannote/speaker-diarization-community-1" in lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_long_finding_stays_in_its_column() -> None:
    said = "Model: a-long-name-that-is-wider-than-the-room is not installed"
    assert hanging(said, 6, None) == said
    assert hanging(said, 6, 30).split("\n      ") == [
        "Model:",
        "a-long-name-that-is-wider-than-the-room",
        "is not installed",
    ]
