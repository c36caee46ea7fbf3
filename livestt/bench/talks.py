"""Recordings and who really speaks in them, from RTTM files and manifests."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from livestt.bench.manifest import read_rows
from livestt.errors import SetupError


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one speaker says from when to when, in seconds."""

    speaker: str
    start: float
    end: float
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A recording, and who really speaks in it."""

    id: str
    path: Path
    turns: tuple[Spoken, ...]
    words_known: bool
    """Whether the turns have their texts."""


def read_talks(files: Sequence[Path], kinds: Collection[str] = ()) -> list[Talk]:
    """Recordings with an ``.rttm`` of the same name beside them, or manifests of such.

    A line of a manifest (``.jsonl``) has ``file`` and ``rttm``, and may have ``turns_file``: JSON
    with ``turns``, a list of ``speaker``, ``start``, ``end`` and ``text``.

    Args:
        files: recordings or manifests.
        kinds: only lines whose ``kind`` is one of these; all if empty.

    Raises:
        SetupError: a file is missing or cannot be read.
    """
    talks: list[Talk] = []
    for path in files:
        if path.suffix == ".jsonl":
            listed = read_rows(path, partial(_talk, kinds), "an object with 'file' and 'rttm'")
            talks += [talk for talk in listed if talk is not None]
        else:
            talks.append(Talk(path.stem, path, read_rttm(path.with_suffix(".rttm")), False))
    if not talks:
        raise SetupError("No recording has an RTTM file that says who speaks when.")
    return talks


def read_rttm(path: Path) -> tuple[Spoken, ...]:
    """The turns of an RTTM file (NIST, 2009).

    Raises:
        SetupError: it is missing or not of that form.
    """
    try:
        lines = [line.split() for line in path.read_text("utf-8").splitlines()]
        return tuple(
            Spoken(fields[7], float(fields[3]), float(fields[3]) + float(fields[4]))
            for fields in lines
            if fields and fields[0] == "SPEAKER"
        )
    except (OSError, IndexError, ValueError) as error:
        raise SetupError(f"Cannot read who speaks when from {path}: {error}") from error


def _talk(kinds: Collection[str], row: dict[str, Any], folder: Path) -> Talk | None:
    path = folder / row["file"]
    if not row.get("rttm") or (kinds and row.get("kind") not in kinds):
        return None
    name = str(row.get("id", path.stem))
    turns = _read_turns(folder / row["turns_file"]) if row.get("turns_file") else ()
    if turns:
        return Talk(name, path, turns, all(turn.text for turn in turns))
    return Talk(name, path, read_rttm(folder / row["rttm"]), False)


def _read_turns(path: Path) -> tuple[Spoken, ...]:
    try:
        told = json.loads(path.read_text("utf-8")).get("turns") or ()
        return tuple(Spoken(t["speaker"], t["start"], t["end"], t["text"]) for t in told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetupError(f"Cannot read who says what from {path}: {error!r}") from error
