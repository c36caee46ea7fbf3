"""Both dialects of ``/asr`` come out as the same text, and every change is noticed once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.bench.witness import Sighting, Witness, common_prefix


def full(*lines: str | None, buffer: str = "", **more: Any) -> dict[str, Any]:
    """A state as WhisperLiveKit sends it: no type, no ids, clock times."""
    return {
        "status": "active_transcription",
        "lines": [
            {"speaker": -2 if text is None else 1, "text": text, "start": "0:00:01.00",
             "end": "0:00:02.00"}
            for text in lines
        ],
        "buffer_transcription": buffer,
        "buffer_diarization": "",
        "remaining_time_transcription": 0.4,
        **more,
    }  # fmt: skip


def diff(n_lines: int, *new: str, buffer: str = "", sure: int = 0, **more: Any) -> dict[str, Any]:
    """A difference as livestt sends it; the ids of lines are their numbers."""
    return {
        "type": "diff",
        "n_lines": n_lines,
        "new_lines": [{"id": n_lines - len(new) + i, "text": t} for i, t in enumerate(new)],
        "buffer_transcription": buffer,
        "buffer_final_chars": sure,
        "remaining_time_transcription": 0.2,
        **more,
    }


def told(*messages: dict[str, Any]) -> Witness:
    witness = Witness()
    for at, message in enumerate(messages, 1):
        witness.see(at, message)
    return witness


def test_a_line_that_grows_and_a_buffer_that_changes() -> None:
    witness = told(
        full(buffer="hello wor"),
        full("Hello", buffer="world"),
        full("Hello", buffer="world"),
        full("Hello world."),
    )
    assert witness.text == "Hello world. "
    assert witness.sightings == [
        Sighting(1, 0, "hello wor", 0),
        Sighting(2, 0, "Hello world", 6),
        Sighting(4, 11, ". ", 13),
    ]
    assert witness.rewritten == 0


def test_silences_and_empty_lines_say_nothing() -> None:
    assert told(full("One.", None, "", " Two. ", buffer="three")).text == "One. Two. three"


def test_text_that_waits_for_its_speaker_comes_before_the_rest() -> None:
    assert told(full("A", buffer="c", buffer_diarization="b")).text == "A b c"


def test_livestt_commits_in_the_buffer() -> None:
    snapshot = {**full(buffer="one two thr", buffer_final_chars=7), "type": "snapshot", "seq": 1}
    witness = told(snapshot, diff(1, "one two three.", buffer="four", sure=4))
    assert [sighting.committed for sighting in witness.sightings] == [7, 19]
    assert witness.rewritten == 0


def test_lines_that_leave_stay_said() -> None:
    witness = told(
        diff(2, "a", "b"),
        diff(2, "c", lines_pruned=1),
        diff(1, lines_pruned=1, buffer="d"),
    )
    assert witness.text == "a b c d"
    assert witness.rewritten == 0


def test_a_correction_replaces_its_line() -> None:
    fixed = [{"id": 0, "text": "A"}]
    witness = told(diff(2, "a", "b"), diff(3, "c", updates=fixed, buffer="d"))
    assert witness.text == "A b c d"
    assert witness.rewritten == 1


def test_diffs_whose_last_line_grew_in_place() -> None:
    """WhisperLiveKit sends the whole tail again; what counts is ``n_lines``."""
    assert told(diff(2, "a", "b"), diff(2, "b b2")).text == "a b b2 "


@pytest.mark.parametrize(
    ("messages", "rewritten"),
    [
        ([full("one two"), full("one three")], 1),
        ([full("one two"), full("one")], 1),
        ([full("one two"), full(buffer="one two")], 1),
        ([full("one"), full("one", "two")], 0),
        ([full("one", buffer="x"), full("one", buffer="y")], 0),
        ([full("one"), full("one two")], 0),
    ],
)
def test_committed_text_that_changes_is_counted(messages: list[Any], rewritten: int) -> None:
    assert told(*messages).rewritten == rewritten


def test_the_rest_is_kept_too() -> None:
    witness = told(
        {"type": "config", "useAudioWorklet": True},
        {"type": "heartbeat", "t": 1.0},
        full(error="FFmpeg died"),
        {"type": "error", "code": "x", "message": "no"},
        {"type": "ready_to_stop"},
    )
    assert witness.config == {"type": "config", "useAudioWorklet": True}
    assert witness.errors == ["FFmpeg died", "no"]
    assert witness.finished
    assert witness.lag == 0.4


texts = st.text("ab ", max_size=6)


@given(texts, texts)
def test_common_prefix(a: str, b: str) -> None:
    n = common_prefix(a, b)
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]


@given(st.lists(st.tuples(st.lists(texts, max_size=3), texts), max_size=6))
def test_sightings_add_up_to_what_is_shown(states: list[tuple[list[str], str]]) -> None:
    witness = Witness()
    text = ""
    for at, (lines, buffer) in enumerate(states):
        before = len(witness.sightings)
        witness.see(at, full(*lines, buffer=buffer))
        for sighting in witness.sightings[before:]:
            text = text[: sighting.offset] + sighting.text
        shown = "".join(f"{line.strip()} " for line in lines if line.strip()) + buffer.strip()
        assert text == witness.text == shown
