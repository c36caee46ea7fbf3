"""Recordings and their reference texts, from a file of JSON lines.

Each line is an object with ``file`` (relative to the manifest) and ``text``. ``words``, a list of
``[word, start_s, end_s]``, gives the true times; without it the energy of the sound tells when
speech starts and ends, and there are no word latencies. ``id``, ``kind``, ``language`` and
``scoring`` are optional; items whose ``scoring`` is neither ``exact`` nor ``none`` are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from livestt.audio.explain import for_file
from livestt.engines import Samples
from livestt.errors import BadAudio, SetupError
from livestt.timebase import SAMPLE_RATE, from_ms

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """A recording."""

    id: str
    path: Path
    text: str
    language: str | None = None
    kind: str = "all"
    words: tuple[tuple[str, float, float], ...] = ()
    """Word, start and end in seconds."""


def read_manifest(path: Path, kinds: Sequence[str] = ()) -> list[Item]:
    """The items that can be scored, of the kinds asked for (all if none is named).

    Raises:
        SetupError: there is no such file, or no item in it, or a line is wrong.
    """
    read = read_rows(path, _item, "an object with 'file' and 'text'")
    items = [item for item in read if item is not None and (not kinds or item.kind in kinds)]
    if not items:
        raise SetupError(f"{path} has no item that can be scored.")
    return items


def read_rows(path: Path, understand: Callable[[dict[str, Any], Path], T], form: str) -> list[T]:
    """Each line of a file of JSON lines, understood; empty lines are left out.

    Args:
        path: of the file.
        understand: makes something of a line's object and the folder of the file.
        form: what a line should be, for the error.

    Raises:
        SetupError: there is no such file, or a line is wrong.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise SetupError(f"Cannot read the manifest {path}: {error.strerror}.") from error
    understood = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                understood.append(understand(json.loads(line), path.parent))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise SetupError(f"{path}, line {number}: not {form} ({error}).") from error
    return understood


def _item(row: dict[str, Any], folder: Path) -> Item | None:
    if row.get("scoring", "exact") not in ("exact", "none"):
        return None
    return Item(
        str(row.get("id", row["file"])),
        folder / row["file"],
        row.get("text") or "",
        row.get("language"),
        row.get("kind", "all"),
        tuple((str(w), float(a), float(b)) for w, a, b in row.get("words") or ()),
    )


def read_recording(path: Path) -> Samples:
    """A recording's sound, mono float32 ``[n]`` at 16 kHz. Blocking.

    Raises:
        SetupError: it cannot be read, or is not audio.
    """
    from livestt.testing import decode_file

    try:
        return decode_file(path)
    except OSError as error:
        raise SetupError(f"Cannot read the recording {path}: {error.strerror}.") from error
    except BadAudio as error:
        raise SetupError(f"Cannot read the recording {path}: {for_file(str(error))}") from error


def speech_bounds(samples: Samples) -> tuple[float, float]:
    """Where the sound of a recording starts and ends, seconds: 40 dB under its loudest 20 ms."""
    frame = from_ms(20)
    whole = samples[: len(samples) - len(samples) % frame]
    power = np.square(whole.reshape(-1, frame)).mean(axis=1)
    loud = np.flatnonzero(power > 1e-4 * power.max(initial=0.0))
    if not len(loud):
        return 0.0, len(samples) / SAMPLE_RATE
    return loud[0] * frame / SAMPLE_RATE, (loud[-1] + 1) * frame / SAMPLE_RATE
