"""States as messages: what a client builds from diffs is what full mode says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.talk import conversations, talks

from livestt.client.state import CaptionState
from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Interim,
    Progress,
    SpeakerNamed,
    SpeakersMerged,
    SpeechStarted,
    Voice,
    Word,
)
from livestt.protocols import native_state
from livestt.protocols.compact import dumps
from livestt.protocols.native import Mode
from livestt.protocols.native_state import SILENCE_SPEAKER, NativeStates, State, line
from livestt.segments import Segment
from livestt.timebase import SAMPLE_RATE, from_seconds
from livestt.transcript import Layout, Transcript

SHORT = Layout(readable=12, silence=from_seconds(3), retention=from_seconds(20))
LONG = Layout(retention=from_seconds(10**6))


def words(text: str, start: float = 0.0, *, speaker: int | None = None) -> tuple[Word, ...]:
    """Words of half a second each."""
    first = from_seconds(start)
    half = SAMPLE_RATE // 2
    return tuple(
        Word(f" {word}", first + i * half, first + (i + 1) * half, 0.75, "en", speaker)
        for i, word in enumerate(text.split())
    )


def say(text: str, start: float = 0.0, *, speaker: int | None = None) -> Committed:
    return Committed(words(text, start, speaker=speaker))


def progress(seconds: float, committed: float | None = None) -> Progress:
    at = from_seconds(seconds)
    return Progress(at, at, at if committed is None else from_seconds(committed))


def whose(*speakers: int | None, first: int = 0) -> Attributed:
    return Attributed(first, tuple(map(Voice, speakers)))


class Server:
    def __init__(self, mode: Mode, *, layout: Layout = LONG, with_words: bool = False) -> None:
        self.transcript = Transcript(layout)
        self.states = NativeStates(mode, words=with_words)

    def hear(self, *events: Event) -> State | None:
        self.transcript.apply(events)
        return self.states.message(self.transcript)


def captions(messages: list[Any]) -> CaptionState:
    state = CaptionState()
    for message in messages:
        assert state.apply(json.loads(json.dumps(message)))
    return state


def shown(state: CaptionState) -> dict[str, Any]:
    return {
        "lines": [line.raw for line in state.lines],
        "buffer": state.buffer,
        "final_chars": state.final_chars,
        "waiting": state.waiting,
        "people": (state.speaker, state.names, state.merged),
        "status": state.status,
        "lag": state.lag,
        "audio_received": state.audio_received,
    }


events_of_a_session = st.one_of(talks().map(lambda talk: talk[0]), conversations())


@settings(max_examples=250, deadline=None)
@given(events_of_a_session, st.data())
def test_diffs_build_the_full_state(events: list[Event], data: st.DataObject):
    """However slowly the client reads and whenever it asks for a snapshot."""
    transcript = Transcript(SHORT)
    with_words = data.draw(st.booleans())
    diffs, whole = NativeStates("diff", words=with_words), NativeStates("full", words=with_words)
    by_diff, by_full = CaptionState(), CaptionState()
    for event in events:
        transcript.apply([event])
        action = data.draw(st.sampled_from(["read", "read", "busy", "resync"]))
        if action == "resync":
            diffs.resync()
            whole.resync()
        if action != "busy":
            one, other = diffs.message(transcript), whole.message(transcript)
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                assert json.loads(dumps(one)) == one
                assert json.loads(dumps(other)) == other
                assert by_diff.apply(one)  # raises OutOfSync where n_lines is wrong
                assert by_full.apply(other)
                assert shown(by_diff) == shown(by_full)
                assert by_diff.seq == one["seq"]
                ids = [line.id for line in by_diff.lines]
                assert ids == sorted(set(ids))
            assert diffs.message(transcript) is None, "said twice"


@settings(deadline=None)
@given(events_of_a_session)
def test_a_growing_line_begins_where_it_will_have_begun(events: list[Event]):
    server = Server("full", layout=SHORT)
    told: tuple[int, float] | None = None
    for event in events:
        state = server.hear(event)
        if state is None:
            continue
        if told is not None:
            line_id, begin = told
            begun = [line["begin"] for line in state["lines"] if line["id"] == line_id]
            assert begun in ([], [begin])
        shows = bool(state["buffer_diarization"] + state["buffer_transcription"])
        assert ("buffer_begin" in state) == shows
        committed = state["buffer_diarization"] or state["buffer_final_chars"]
        told = (server.transcript.next_id, state["buffer_begin"]) if committed else None


def test_where_a_growing_line_begins() -> None:
    """However late its words come, whether they may change, and whether their speaker is known."""
    server = Server("full")

    def begin(*events: Event) -> float | None:
        state = server.hear(*events)
        assert state is not None
        return state.get("buffer_begin")

    assert begin(progress(9, committed=4)) is None
    assert begin(Interim(words("so", 4.5))) == 4.5
    assert begin(Interim(words("well so", 4))) == 4, "its first word was corrected"
    assert begin(say("well", 4), Interim(words("so", 4.5))) == 4
    assert begin(Diarized(0), say("so it goes on", 4.5)) == 4, "of the line that grows"
    assert begin(whose(1, first=1), whose(2, 2, first=2)) == 5, "somebody else's line"
    assert begin(whose(None, first=4), Ended(from_seconds(9))) is None
    assert begin(say("on", 20), Interim(words("and", 21))) == 20, "waits for its speaker"


def test_a_line_is_written_once_however_often_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of full mode is told all lines of an hour several times a second."""
    written: list[int] = []

    def counting(line: State) -> str:
        written.append(line["id"])
        return dumps(line)

    monkeypatch.setattr(native_state, "dumps", counting)
    server = Server("full", with_words=True)
    for minute in range(20):
        server.hear(say("So it goes.", 60.0 * minute), progress(60.0 * minute + 10))
    assert written == [line.id for line in server.transcript.segments]
    server.hear(Diarized(0), SpeakersMerged(2, 1))
    state = server.hear(progress(2000.0))
    assert state is not None
    assert json.loads(dumps(state)) == state


def test_a_correction_looks_at_what_it_corrects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client of an hour's session would otherwise have all of its lines made again."""
    server = Server("diff", with_words=True)
    server.hear(Diarized(0))
    for minute in range(20):
        server.hear(say("So it goes.", 60.0 * minute), whose(1, 1, 1, first=3 * minute))
        server.hear(progress(60.0 * minute + 10))
    made: list[int] = []

    def counting(segment: Segment, *, words: bool, diarized: bool) -> State:
        made.append(segment.id)
        return line(segment, words=words, diarized=diarized)

    monkeypatch.setattr(native_state, "line", counting)
    state = server.hear(whose(2, 2, 2, first=30))
    assert state is not None
    assert [changed["id"] for changed in state["updates"]] == made
    assert len(made) == 1


@settings(deadline=None)
@given(talks())
def test_the_client_reads_what_was_said(talk: tuple[list[Event], list[Word]]):
    events, said = talk
    server = Server("diff")
    messages = [message for event in events if (message := server.hear(event))]
    state = captions(messages)
    spoken = "".join(word.text for word in said)
    assert state.committed_text.replace(" ", "") == spoken.replace(" ", "")
    assert state.text.startswith(state.committed_text)


@settings(deadline=None)
@given(talks())
def test_final_chars_are_code_points_of_the_committed_part(
    talk: tuple[list[Event], list[Word]],
):
    transcript = Transcript(SHORT)
    states = NativeStates("diff")
    for event in talk[0]:
        transcript.apply([event])
        if (message := states.message(transcript)) is not None:
            count = message["buffer_final_chars"]
            committed = "".join(word.text for word in transcript.growing).strip()
            assert message["buffer_transcription"][:count] == committed
            assert count == len(list(committed))


@pytest.mark.parametrize(
    ("text", "count"),
    [("👋🏽", 2), ("日本語", 3), ("e\u0301", 2), ("\U0001d49c", 1), ("a\u200db", 3)],
)
def test_what_a_code_point_is(text: str, count: int) -> None:
    server = Server("diff")
    message = server.hear(Committed((Word(text, 0, 100),)), Interim((Word(" x", 100, 200),)))
    assert message is not None
    assert message["buffer_final_chars"] == count
    assert message["buffer_transcription"] == f"{text} x"


class TestSpeakers:
    def test_words_that_wait_stand_before_the_buffer(self) -> None:
        server = Server("full")
        message = server.hear(Diarized(0), say("one two"), Interim(words("three", 1)))
        assert message is not None
        assert message["buffer_diarization"] == "one two "
        assert message["buffer_transcription"] == "three"
        assert (message["buffer_final_chars"], message["buffer_speaker"]) == (0, 0)

    def test_words_that_wait_stay_with_a_line_that_grows(self) -> None:
        server = Server("full")
        message = server.hear(Diarized(0), say("one two"), whose(2))
        assert message is not None
        assert message["buffer_diarization"] == ""
        assert message["buffer_transcription"] == "one two"
        assert (message["buffer_final_chars"], message["buffer_speaker"]) == (7, 2)

    def test_how_far_speakers_are_behind(self) -> None:
        message = Server("full").hear(Diarized(from_seconds(2)), progress(5))
        assert message is not None
        assert message["remaining_time_diarization"] == 3.0

    def test_a_line_that_is_somebody_elses_comes_again(self) -> None:
        server = Server("diff")
        server.hear(Diarized(0), say("one"), whose(1), say("two", 5), whose(1, first=1))
        message = server.hear(whose(2))
        assert message is not None
        assert [(line["id"], line["speaker"]) for line in message["updates"]] == [(0, 2)]
        assert "new_lines" not in message

    def test_nobody_is_zero(self) -> None:
        server = Server("full", with_words=True)
        message = server.hear(Diarized(0), say("one"), whose(None), Ended(0))
        assert message is not None
        assert message["lines"][0]["speaker"] == 0
        assert message["lines"][0]["words"][0]["speaker"] == 0

    def test_overlap_is_told_with_the_words(self) -> None:
        server = Server("full", with_words=True)
        both = Attributed(0, (Voice(1, (2, 3)),))
        message = server.hear(Diarized(0), say("one"), both, Ended(0))
        assert message is not None
        assert message["lines"][0]["words"][0]["overlap"] == [2, 3]

    def test_names_and_merged_speakers_are_told(self) -> None:
        server = Server("diff")
        assert "speakers" not in (server.hear(Diarized(0)) or {})
        server.hear(say("one two"), whose(1, 2), Ended(0))
        message = server.hear(SpeakerNamed(1, "Ada"), SpeakersMerged(2, 1))
        assert message is not None
        assert (message["speakers"], message["merged"]) == ({"1": "Ada"}, {"2": 1})
        assert [(line["text"], line["speaker"]) for line in message["updates"]] == [("two", 1)]


def test_the_first_message_is_a_snapshot_and_the_rest_are_diffs() -> None:
    server = Server("diff")
    first = server.hear()
    assert first is not None
    assert (first["type"], first["seq"], first["lines"]) == ("snapshot", 1, [])
    assert first["status"] == "no_audio_detected"
    second = server.hear(SpeechStarted(0), say("one two"))
    assert second is not None
    assert (second["type"], second["seq"], second["n_lines"]) == ("diff", 2, 0)
    assert second["status"] == "active_transcription"
    assert "new_lines" not in second
    assert "lines_pruned" not in second
    assert server.hear() is None


def test_a_line_comes_once_it_is_closed() -> None:
    server = Server("diff")
    server.hear()
    message = server.hear(say("one two", 1.0), say("three", 4.0, speaker=2))
    assert message is not None
    assert message["new_lines"] == [
        {
            "id": 0,
            "speaker": 1,
            "text": "one two",
            "start": "0:00:01.00",
            "end": "0:00:02.00",
            "begin": 1.0,
            "finish": 2.0,
            "detected_language": "en",
        }
    ]
    assert message["buffer_transcription"] == "three"
    assert message["buffer_speaker"] == 2


def test_lines_carry_words_for_those_who_want_them() -> None:
    server = Server("diff", with_words=True)
    message = server.hear(say("one", 1.0), Ended(0))
    assert message is not None
    assert message["lines"][0]["words"] == [
        {"word": "one", "start": 1.0, "end": 1.5, "probability": 0.75, "speaker": 1}
    ]


def test_a_pause_is_a_line_without_text() -> None:
    server = Server("diff")
    message = server.hear(say("one"), progress(20), SpeechStarted(from_seconds(20)))
    assert message is not None
    assert [line["text"] for line in message["lines"]] == ["one", None]
    assert message["lines"][1]["speaker"] == SILENCE_SPEAKER


def test_pruned_lines_are_counted_and_never_those_the_client_has_not_seen() -> None:
    server = Server("diff", layout=Layout(retention=from_seconds(10)))
    server.hear()
    server.hear(say("one"), progress(3))
    message = server.hear(say("two", 4), progress(7), say("three", 30), progress(40))
    assert message is not None
    assert message["lines_pruned"] == 1
    assert [line["text"] for line in message["new_lines"]] == ["three"]
    assert message["n_lines"] == 1


def test_lag_is_audio_not_heard_yet() -> None:
    server = Server("full")
    message = server.hear(Progress(from_seconds(5), from_seconds(3), from_seconds(2)))
    assert message is not None
    assert message["remaining_time_transcription"] == 2.0
    assert message["remaining_time_transcription_processing"] == 2.0
    assert message["remaining_time_transcription_policy"] == 1.0
    assert message["audio_received"] == 5.0


def test_full_mode_has_the_documented_shape() -> None:
    server = Server("full")
    message = server.hear(say("one"), progress(9))
    assert message is not None
    assert "type" not in message
    assert set(message) >= {
        "status",
        "lines",
        "buffer_transcription",
        "buffer_diarization",
        "buffer_translation",
        "remaining_time_transcription",
        "remaining_time_diarization",
    }
