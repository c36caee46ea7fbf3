from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from livestt.client.state import CaptionState, OutOfSync

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "native_protocol.json").read_text("utf-8")
)


def line(line_id: int, text: str | None, **more: Any) -> dict[str, Any]:
    return {"id": line_id, "speaker": 1, "text": text, "begin": 0.0, "finish": 1.0, **more}


def rest(**more: Any) -> dict[str, Any]:
    return {
        "status": "active_transcription",
        "buffer_transcription": "",
        "remaining_time_transcription": 0.0,
        **more,
    }


def snapshot(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "snapshot", "seq": 1, "lines": list(lines), **rest(**more)}


def diff(n_lines: int, **more: Any) -> dict[str, Any]:
    return {"type": "diff", "seq": 2, "n_lines": n_lines, **rest(**more)}


def after(*messages: dict[str, Any]) -> CaptionState:
    state = CaptionState()
    for message in messages:
        state.apply(message)
    return state


def texts(state: CaptionState) -> list[str | None]:
    return [line.text for line in state.lines]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_vectors(case: dict[str, Any]) -> None:
    """The same cases as the page's ``transcript.js`` (``tests/web/transcript.test.js``)."""
    state = CaptionState()
    for message in case["messages"]:
        try:
            state.apply(message)
        except OutOfSync:
            assert not state.in_sync
    expected = case["expected"]
    assert [line.raw for line in state.lines] == expected["lines"]
    assert state.pruned == len(expected["archive"])
    assert state.buffer == expected["buffer_transcription"]
    assert state.final_chars == expected["buffer_final_chars"]
    assert state.waiting == expected["buffer_diarization"]
    assert state.begin == expected.get("buffer_begin")
    assert {str(who): name for who, name in state.names.items()} == expected["speakers"]
    assert {str(who): other for who, other in state.merged.items()} == expected["merged"]
    assert state.seq == expected["seq"]
    assert state.in_sync == expected["in_sync"]
    assert state.audio_received == expected["audio_received"]


def test_text_is_lines_and_buffer() -> None:
    state = after(
        snapshot(
            line(0, "One two."),
            line(1, None),
            buffer_transcription="three four",
            buffer_final_chars=5,
        )
    )
    assert state.committed_text == "One two. three"
    assert state.text == "One two. three four"


def test_a_diff_that_does_not_fit_changes_nothing_and_is_repaired_by_a_snapshot() -> None:
    state = after(snapshot(line(0, "a")))
    with pytest.raises(OutOfSync, match="2 lines here, 3 on the server"):
        state.apply(diff(3, new_lines=[line(1, "b")], buffer_transcription="x"))
    assert texts(state) == ["a"]
    assert state.buffer == ""
    assert not state.in_sync
    # It would fit by its number, but it follows a state that is not known here.
    assert not state.apply(diff(2, new_lines=[line(2, "c")]))
    assert texts(state) == ["a"]
    assert state.apply(snapshot(line(0, "a"), line(1, "b"), line(2, "c")))
    assert texts(state) == ["a", "b", "c"]
    assert state.in_sync


def test_updates_replace_by_id() -> None:
    state = after(
        snapshot(line(0, "a"), line(1, "b")),
        diff(2, lines_pruned=1, new_lines=[line(2, "c")], updates=[line(0, "A"), line(1, "B")]),
    )
    assert texts(state) == ["B", "c"]
    assert state.pruned == 1


def test_a_snapshot_that_begins_later_has_pruned_lines() -> None:
    assert after(snapshot(line(0, "a"), line(1, "b")), snapshot(line(1, "b"))).pruned == 1
    assert after(snapshot(line(0, "a"), line(1, "b")), snapshot()).pruned == 2


def test_a_full_state_replaces_everything() -> None:
    full = {"lines": [line(4, "x")], **rest(buffer_transcription="y", audio_received=2.5)}
    state = after(snapshot(line(0, "a")), full)
    assert texts(state) == ["x"]
    assert (state.buffer, state.audio_received) == ("y", 2.5)


def test_words_and_language_are_read() -> None:
    word = {"word": "a", "start": 0.0, "end": 0.5, "probability": 0.9, "speaker": 2}
    state = after(snapshot(line(0, "a", words=[word], detected_language="en", translation="ä")))
    [read] = state.lines
    assert read.words[0].word == "a"
    assert (read.words[0].speaker, read.language, read.translation) == (2, "en", "ä")


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        ({"type": "config", "session": "s"}, "config", {"type": "config", "session": "s"}),
        ({"type": "flushed", "id": "f"}, "flushed", ["f"]),
        ({"type": "flushed"}, "flushed", [None]),
        ({"type": "warning", "code": "c", "message": "m"}, "warnings", ["m"]),
        ({"type": "error", "code": "c"}, "error", {"type": "error", "code": "c"}),
        ({"type": "ready_to_stop"}, "finished", True),
    ],
)
def test_other_messages(message: dict[str, Any], field: str, value: object) -> None:
    state = CaptionState()
    assert not state.apply(message)
    assert getattr(state, field) == value


def test_messages_from_the_future_change_nothing() -> None:
    state = after(snapshot(line(0, "a")))
    assert not state.apply({"type": "from-the-future", "lines": 7})
    assert texts(state) == ["a"]
