from __future__ import annotations

from dataclasses import replace

import pytest

from livestt.engines.whisper.guards import (
    FROM_CONTEXT,
    MAX_TOKENS_PER_SECOND,
    REPEATS,
    SQUEEZED,
    SQUEEZED_FRAMES,
    Step,
    fault,
)

GOOD = Step(
    tokens=tuple(range(10)),
    scores=(0.9,) * 10,
    centres=tuple(15.0 * i for i in range(10)),
    text=" The quick brown fox jumps over the lazy dog.",
    seconds=3.0,
    no_speech=0.01,
    hit_limit=False,
)


def centres(gaps: list[float]) -> tuple[float, ...]:
    return tuple(sum(gaps[: i + 1]) for i in range(len(gaps)))


def test_ordinary_text_is_no_fault() -> None:
    assert fault(GOOD) is None


def test_no_text_is_no_fault() -> None:
    assert fault(Step((), (), (), "", 3.0, no_speech=1.0, hit_limit=True)) is None


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("no_speech", {"no_speech": 0.7, "scores": (0.3,) * 10}),
        ("loop", {"hit_limit": True}),
        ("loop", {"tokens": (1, 2, 3, *(7,) * 8)}),
        ("loop", {"tokens": (1, *(7, 8) * 4)}),
        ("loop", {"tokens": (7, 8, 9) * REPEATS}),
        ("loop", {"tokens": tuple(range(8)) * REPEATS}),
        ("loop", {"text": " thank you" * 12}),
        ("too_fast", {"seconds": 0.5}),
        ("squeezed", {"centres": (10.0,) * 10}),
        ("low_score", {"scores": (0.1,) * 10}),
        (FROM_CONTEXT, {"scores": (*(0.9,) * 9, 0.01), "has_context": True}),
    ],
)
def test_each_sign(reason: str, changes: dict[str, object]) -> None:
    assert fault(replace(GOOD, **changes)) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"no_speech": 0.7},  # but it is sure of its words
        {"scores": (0.3,) * 10},  # but it hears speech
        {"scores": (*(0.9,) * 9, 0.01)},  # but no text led it there
        {"scores": (*(0.9,) * 9, 0.1), "has_context": True},
        {"tokens": (1, 2, 3, *(7,) * 7)},
        {"tokens": (*(7,) * 8, 1)},  # it got out of the loop
        {"text": " no no no no"},
        {"seconds": 10 / MAX_TOKENS_PER_SECOND},
        {"tokens": tuple(range(8)), "seconds": 0.1},  # so short that speed says nothing
        {"centres": centres([0] * (SQUEEZED - 1) + [SQUEEZED_FRAMES + 1] + [9] * 4)},
    ],
)
def test_near_misses(changes: dict[str, object]) -> None:
    assert fault(replace(GOOD, **changes)) is None  # type: ignore[arg-type]
