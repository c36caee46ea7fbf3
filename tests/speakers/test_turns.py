"""Turns from activity: thresholds, durations, and the laws that make them fit for streaming."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.events import SpeakerTurn
from livestt.speakers.turns import Activity, TurnOptions, Turns

FRAME = 1280
OPTIONS = TurnOptions(onset=0.6, offset=0.4, min_turn=2 * FRAME, min_gap=3 * FRAME)
LEVELS = {"#": 0.9, "+": 0.5, ".": 0.1}


def activity(*channels: str) -> Activity:
    """One string per channel, a character per frame: ``#`` speaks, ``+`` perhaps, ``.`` not."""
    return np.array([[LEVELS[c] for c in channel] for channel in channels], np.float32).T


def turns_of(*channels: str, options: TurnOptions = OPTIONS) -> list[tuple[int, int, int]]:
    """Speaker, first frame and one past the last, of the turns in the order in which they end."""
    turns = Turns(options)
    turns.receive(activity(*channels), 0, FRAME)
    turns.finish()
    return [(turn.speaker, turn.start // FRAME, turn.end // FRAME) for turn in turns.take()]


class TestThresholds:
    def test_a_turn_begins_at_the_onset_and_lasts_until_the_offset(self) -> None:
        assert turns_of("..++###+++...") == [(1, 4, 10)]

    def test_silence_has_no_speaker(self) -> None:
        assert turns_of("............", "++++++++++++") == []

    def test_a_blip_is_no_turn(self) -> None:
        assert turns_of("..#.....##..") == [(1, 8, 10)]

    def test_a_short_gap_is_filled_and_a_long_one_is_not(self) -> None:
        assert turns_of("##..##...##....") == [(1, 0, 6), (1, 9, 11)]

    def test_overlap_is_kept(self) -> None:
        assert turns_of("#####.....", "...#######") == [(1, 0, 5), (2, 3, 10)]


class TestNumbers:
    def test_speakers_are_numbered_as_they_come_up(self) -> None:
        assert turns_of("......##....", "##.....##...") == [(1, 0, 2), (2, 6, 8), (1, 7, 9)]

    def test_beyond_the_cap_a_voice_counts_for_who_is_most_active(self) -> None:
        options = TurnOptions(onset=0.6, offset=0.4, min_turn=FRAME, min_gap=FRAME, max_speakers=2)
        found = turns_of("##....", "..##..", "....##", options=options)
        assert {speaker for speaker, _, _ in found} == {1, 2}

    def test_two_that_come_up_together_do_not_break_the_cap(self) -> None:
        options = TurnOptions(onset=0.6, offset=0.4, min_turn=FRAME, min_gap=FRAME, max_speakers=1)
        assert turns_of("###", "###", options=options) == [(1, 0, 3)]


class TestTime:
    def test_what_is_left_out_is_silence(self) -> None:
        turns = Turns(OPTIONS)
        turns.receive(activity("###"), 0, FRAME)
        turns.receive(activity("###"), 100 * FRAME, FRAME)
        turns.finish()
        assert turns.take() == [
            SpeakerTurn(1, 0, 3 * FRAME),
            SpeakerTurn(1, 100 * FRAME, 103 * FRAME),
        ]

    def test_a_turn_that_goes_on_is_seen(self) -> None:
        turns = Turns(OPTIONS)
        turns.receive(activity("####"), 0, FRAME)
        assert turns.take() == []
        assert list(turns.within(0, FRAME)) == [SpeakerTurn(1, 0, 4 * FRAME)]

    def test_old_turns_are_forgotten(self) -> None:
        turns = Turns(OPTIONS)
        turns.receive(activity("###....###...."), 0, FRAME)
        turns.forget(5 * FRAME)
        assert list(turns.within(0, 14 * FRAME)) == [SpeakerTurn(1, 7 * FRAME, 10 * FRAME)]

    @pytest.mark.parametrize(
        ("heard", "settled"), [("..", 2), ("..#", 2), ("..###", 5), ("..###.", 5)]
    )
    def test_settled_stops_where_the_future_may_still_decide(
        self, heard: str, settled: int
    ) -> None:
        turns = Turns(OPTIONS)
        turns.receive(activity(heard), 0, FRAME)
        assert turns.settled == settled * FRAME


probabilities = st.lists(
    st.tuples(*[st.sampled_from([0.0, 0.45, 0.9])] * 3), min_size=1, max_size=60
).map(lambda rows: np.array(rows, np.float32))
caps = st.sampled_from([None, 1, 2])


def options(cap: int | None) -> TurnOptions:
    return TurnOptions(
        onset=0.6, offset=0.4, min_turn=2 * FRAME, min_gap=3 * FRAME, max_speakers=cap
    )


@given(probabilities, st.lists(st.integers(0, 60)), caps)
def test_pieces_make_no_difference(frames: Activity, cuts: list[int], cap: int | None) -> None:
    whole, pieces = Turns(options(cap)), Turns(options(cap))
    whole.receive(frames, 0, FRAME)
    edges = sorted({0, *(min(cut, len(frames)) for cut in cuts), len(frames)})
    for start, end in pairwise(edges):
        pieces.receive(frames[start:end], start * FRAME, FRAME)
    whole.finish()
    pieces.finish()
    assert whole.take() == pieces.take()


@given(probabilities, st.integers(0, 60), caps)
def test_what_is_settled_stays(frames: Activity, cut: int, cap: int | None) -> None:
    cut = min(cut, len(frames))
    turns = Turns(options(cap))
    turns.receive(frames[:cut], 0, FRAME)
    settled = turns.settled
    before = clipped(turns, settled)
    turns.receive(frames[cut:], cut * FRAME, FRAME)
    turns.finish()
    assert clipped(turns, settled) == before


@given(probabilities, caps)
def test_turns_keep_their_promises(frames: Activity, cap: int | None) -> None:
    turns = Turns(options(cap))
    turns.receive(frames, 0, FRAME)
    turns.finish()
    said = turns.take()
    assert all(turn.end - turn.start >= 2 * FRAME for turn in said)
    firsts = list(dict.fromkeys(t.speaker for t in sorted(said, key=lambda t: t.start)))
    assert set(firsts) == set(range(1, len(firsts) + 1))
    assert cap is None or len(firsts) <= cap
    for speaker in firsts:
        own = sorted((t.start, t.end) for t in said if t.speaker == speaker)
        assert all(a_end + 3 * FRAME <= b_start for (_, a_end), (b_start, _) in pairwise(own))


def clipped(turns: Turns, until: int) -> set[tuple[int, int, int]]:
    return {
        (turn.speaker, turn.start, min(turn.end, until))
        for turn in turns.within(0, until)
        if turn.start < until
    }
