from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.vad import FRAME
from livestt.vad.endpointing import Endpointer, EndpointingOptions, SpeechEnd, SpeechStart

MS = 16  # samples
HIGH, MIDDLE, LOW = 0.9, 0.4, 0.1


def run(*frames: tuple[float, int], **options: Any) -> list[SpeechStart | SpeechEnd]:
    """Events of these runs of equal frames."""
    endpointer = Endpointer(EndpointingOptions(**options))
    return endpointer.receive([p for p, count in frames for _ in range(count)])


def test_speech_starts_before_its_first_frame_and_ends_after_its_last():
    start, end = run((LOW, 50), (HIGH, 30), (LOW, 20))
    assert start == SpeechStart(50 * FRAME - 300 * MS)
    assert end == SpeechEnd(80 * FRAME + 200 * MS)


def test_start_is_told_after_min_speech_and_end_after_min_silence():
    assert not run((HIGH, 2))
    assert run((HIGH, 3)) == [SpeechStart(0)]
    assert len(run((HIGH, 3), (LOW, 15))) == 1
    assert len(run((HIGH, 3), (LOW, 16))) == 2  # 16 frames are 512 ms


def test_a_blip_gives_nothing():
    assert not run((LOW, 9), (HIGH, 2), (LOW, 100))


def test_a_short_pause_is_part_of_the_speech():
    assert len(run((HIGH, 10), (LOW, 15), (HIGH, 10), (LOW, 15))) == 1


def test_middle_frames_neither_start_nor_end_speech():
    assert not run((MIDDLE, 100))
    assert run((HIGH, 1), (MIDDLE, 100)) == [SpeechStart(0)]
    assert len(run((HIGH, 3), (LOW, 1), (MIDDLE, 15))) == 2  # nor do they interrupt a pause


def test_pre_roll_stops_at_the_previous_end():
    _, end, start = run((HIGH, 3), (LOW, 20), (HIGH, 3), min_silence_ms=600, pre_roll_ms=5_000)
    assert start == SpeechStart(end.at)


def test_hangover_stops_at_the_decision():
    _, end = run((HIGH, 3), (LOW, 4), min_silence_ms=100, hangover_ms=9_000)
    assert end == SpeechEnd(7 * FRAME)


def test_finish_closes_open_speech_where_the_audio_ends():
    endpointer = Endpointer()
    endpointer.receive([HIGH] * 10)
    assert endpointer.in_speech
    assert endpointer.finish(9 * FRAME + 7) == [SpeechEnd(9 * FRAME + 7)]
    assert not endpointer.in_speech
    assert not endpointer.finish(9 * FRAME + 7)


def test_finish_forgets_an_onset():
    endpointer = Endpointer()
    endpointer.receive([HIGH] * 2)
    assert not endpointer.finish(2 * FRAME)
    assert not endpointer.receive([HIGH] * 2)


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0.3},
        {"threshold": 1.5},
        {"release_threshold": 0.0},
        {"min_silence_ms": -1},
    ],
)
def test_options_that_contradict_themselves(options: dict[str, Any]):
    with pytest.raises(ValueError, match=r"must"):
        EndpointingOptions(**options)


durations = st.integers(0, 1_000)
options_strategy = st.builds(
    EndpointingOptions,
    min_speech_ms=durations,
    min_silence_ms=durations,
    pre_roll_ms=durations,
    hangover_ms=durations,
)
frames = st.lists(
    st.tuples(st.sampled_from([HIGH, MIDDLE, LOW]), st.integers(1, 30)), max_size=30
).map(lambda runs: [p for p, count in runs for _ in range(count)])


@given(options=options_strategy, probabilities=frames, short=st.integers(0, FRAME - 1))
def test_laws(options: EndpointingOptions, probabilities: list[float], short: int):
    endpointer = Endpointer(options)
    events, times = [], [0]
    for probability in probabilities:
        for event in endpointer.receive([probability]):
            events.append(event)
            times.append(event.at)
            assert event.at <= endpointer.position
        assert endpointer.in_speech == (len(events) % 2 == 1)
    total = max(0, endpointer.position - short)
    events += endpointer.finish(total)

    kinds = [type(event) for event in events]
    assert kinds == [SpeechStart, SpeechEnd] * (len(events) // 2)
    for start, end in zip(events[::2], events[1::2], strict=True):
        assert start.at < end.at
    ats = [event.at for event in events]
    assert ats == sorted(ats)
    assert not ats or ats[0] >= 0
    assert endpointer.position == FRAME * len(probabilities)


@given(options=options_strategy, probabilities=frames, size=st.integers(1, 40))
def test_any_chunking_gives_the_same_events(
    options: EndpointingOptions, probabilities: list[float], size: int
):
    one, many = Endpointer(options), Endpointer(options)
    events = []
    for start in range(0, len(probabilities), size):
        events += many.receive(probabilities[start : start + size])
    assert events == one.receive(probabilities)


@given(probabilities=frames)
def test_every_long_run_of_speech_is_covered(probabilities: list[float]):
    endpointer = Endpointer()
    events = endpointer.receive(probabilities) + endpointer.finish(len(probabilities) * FRAME)
    spans = [(a.at, b.at) for a, b in zip(events[::2], events[1::2], strict=True)]
    run_length = 0
    for index, probability in enumerate(probabilities):
        run_length = run_length + 1 if probability == HIGH else 0
        if run_length >= 3:
            frame = index * FRAME
            assert any(start <= frame and frame + FRAME <= end for start, end in spans)
