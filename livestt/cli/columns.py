"""Plain text that stays readable in a narrow terminal: every name whole, all else in place."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """One line per row, with its cells below those of the row before."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def width() -> int | None:
    """How many letters fit into a line of the terminal; None where stdout is something else."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def hanging(text: str, indent: int, columns: int | None) -> str:
    """The text in lines of at most so many letters, all from the ``indent``-th on.

    The first line is without its indent, for what stands there. Words stay whole. Without
    ``columns`` it is one line.
    """
    if columns is None:
        return text
    room = max(20, columns - indent)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * indent).join(lines)
