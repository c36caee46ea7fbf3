"""As many speakers as somebody knows there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from livestt.speakers import Probabilities
from livestt.speakers.counting import SpeakerCount, counted

FRAME = 1280
ONSET = 0.5


def activity(*channels: tuple[float, int]) -> Probabilities:
    """Channels that take turns: how sure, and for how many frames."""
    total = sum(frames for _, frames in channels)
    whole = np.zeros((total, len(channels)), np.float32)
    at = 0
    for i, (level, frames) in enumerate(channels):
        whole[at : at + frames, i] = level
        at += frames
    return whole


def speakers(whole: Probabilities, count: SpeakerCount) -> list[int]:
    """Frames in which each channel speaks."""
    [fitted] = counted([whole], FRAME, ONSET, count)
    return [int(n) for n in (fitted >= ONSET).sum(axis=0)]


def test_nobody_knows_so_it_stays_as_it_is() -> None:
    whole = activity((0.9, 50), (0.9, 30))
    assert speakers(whole, SpeakerCount()) == [50, 30]


def test_who_says_least_belongs_to_somebody_else() -> None:
    whole = activity((0.9, 50), (0.9, 30), (0.9, 10))
    whole[80:, 1] = 0.3
    assert speakers(whole, SpeakerCount(most=2)) == [50, 40, 0]


def test_who_is_almost_heard_is_believed_if_so_many_speak() -> None:
    whole = activity((0.9, 50), (0.4, 30), (0.1, 30))
    assert speakers(whole, SpeakerCount(least=2, most=2)) == [50, 30, 0]


def test_a_moment_of_speech_is_noise() -> None:
    whole = activity((0.9, 50), (0.9, 2))
    assert speakers(whole, SpeakerCount(most=4))[1] == 0


def test_nothing_was_heard() -> None:
    assert counted([], FRAME, ONSET, SpeakerCount(2, 2)) == []


@pytest.mark.parametrize("most", [1, 2, 3])
@given(arrays(np.float32, (40, 3), elements=st.floats(0, 1, width=32)))
def test_never_more_than_there_are(most: int, whole: Probabilities) -> None:
    assert sum(n > 0 for n in speakers(whole, SpeakerCount(most=most))) <= most
