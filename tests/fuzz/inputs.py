"""The corpus, and inputs that are like those in it but wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "fixtures" / "corpus"
LARGEST = 6000
"""Bytes of one file of the corpus."""
INTERESTING = (
    *(b"\x00", b"\xff", b"\x7f", b"\x80", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"),
    *(
        b"NaN",
        b"-1",
        b"1e999",
        b"[[[[",
        b'{"',
        b"\\ud800",
        b"\r\n",
        b"%s",
        b"null",
        b"\xed\xa0\x80",
    ),
)


def corpus() -> dict[str, bytes]:
    """All inputs by the name of their file."""
    return {path.name: path.read_bytes() for path in sorted(CORPUS.iterdir())}


def mangled(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """A few random changes of the kinds that parsers stumble over."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        chance.choice(CHANGES)(out, chance)
    if chance.random() < 0.1:
        other = chance.choice(others)
        out += other[chance.randrange(len(other) + 1) :]
    return bytes(out[:LARGEST])


def _flip(out: bytearray, chance: random.Random) -> None:
    if out:
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)


def _overwrite(out: bytearray, chance: random.Random) -> None:
    at, value = chance.randrange(len(out) + 1), chance.choice(INTERESTING)
    out[at : at + len(value)] = value


def _insert(out: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(out) + 1)
    out[at:at] = chance.choice(INTERESTING)


def _delete(out: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(out) + 1)
    del out[at : at + chance.choice((1, 4, 100))]


def _cut(out: bytearray, chance: random.Random) -> None:
    del out[chance.randrange(len(out) + 1) :]


def _repeat(out: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(out) + 1)
    out[at:at] = out[at : at + chance.choice((1, 16, 300))] * chance.choice((2, 20))


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _overwrite, _insert, _delete, _cut, _repeat),
)
