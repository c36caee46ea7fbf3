"""Every input that once told something new, again, into everything that takes bytes.

New ones are found by ``PYTHONPATH=tests python -m fuzz.run --minutes 10``, which keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .inputs import LARGEST, corpus
from .targets import Target, decoders, fuzzed, surfaces

INPUTS = corpus()
SHARE = 5
"""One in so many surfaces gets an input, and one in so many inputs a process of its own."""
DECODERS = decoders()


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    with fuzzed() as running:
        yield surfaces(running)


@pytest.mark.parametrize("name", DECODERS)
def test_decoders(name: str) -> None:
    for data in list(INPUTS.values())[:: 2 * SHARE if name == "ffmpeg" else 1]:
        DECODERS[name](data)


def test_surfaces(targets: dict[str, Target]) -> None:
    """Each input into some of them, and into each of them some; `fuzz.run` tries all."""
    names = list(targets)
    for number, data in enumerate(INPUTS.values()):
        for name in names[number % SHARE :: SHARE]:
            targets[name](data)


def test_the_corpus_is_small() -> None:
    assert len(INPUTS) > 20
    assert max(map(len, INPUTS.values())) <= LARGEST
