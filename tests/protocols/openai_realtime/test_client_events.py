from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.errors import BadRequest
from livestt.protocols.openai_realtime.client_events import (
    LARGE,
    MAX_APPEND,
    Append,
    Clear,
    ClientEvent,
    Command,
    Commit,
    Update,
    parse,
)


def said(**event: object) -> Command | BadRequest:
    return parse(json.dumps(event)).command


@pytest.mark.parametrize(
    ("event", "command"),
    [
        ({"type": "input_audio_buffer.commit"}, Commit()),
        ({"type": "input_audio_buffer.clear"}, Clear()),
        ({"type": "session.update", "session": {"a": 1}}, Update({"a": 1}, beta=False)),
        ({"type": "transcription_session.update", "session": {}}, Update({}, beta=True)),
    ],
)
def test_commands(event: dict[str, object], command: Command) -> None:
    assert said(**event) == command


def test_audio_of_any_length_comes_out_as_it_went_in() -> None:
    for audio in (b"", b"\0", b"ab", bytes(range(256)) * 10, bytes(MAX_APPEND)):
        text = base64.b64encode(audio).decode()
        assert said(type="input_audio_buffer.append", audio=text) == Append(audio)


@pytest.mark.parametrize(
    "audio",
    [None, 3, "a", "no base64!", "\ud800", "ä", "AAAA" * (MAX_APPEND // 3 + 2)],
    ids=["missing", "number", "cut", "words", "surrogate", "letter", "too much"],
)
def test_bad_audio_names_the_field(audio: object) -> None:
    error = said(type="input_audio_buffer.append", audio=audio)
    assert isinstance(error, BadRequest)
    assert error.param == "audio"


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (b"\0\1", "base64"),
        ("nonsense", "JSON"),
        ("[1]", "objects"),
        ("[" * 4_000 + "]" * 4_000, "nested"),
        ('{"type": "response.create"}', "only transcribes"),
        ('{"type": "conversation.item.create"}', "only transcribes"),
        ('{"type": "sing"}', "known: session.update"),
        ('{"type": 3}', "known: session.update"),
        ("{}", "known: session.update"),
        ('{"type": "session.update"}', "'session' must be an object"),
        ('{"type": "session.update", "session": {"x": "\\ud800"}}', "surrogate"),
    ],
)
def test_what_cannot_be_understood_is_said(frame: str | bytes, says: str) -> None:
    error = parse(frame).command
    assert isinstance(error, BadRequest)
    assert says in str(error)


def test_the_id_of_an_event_is_kept_for_errors() -> None:
    assert parse('{"type": "sing", "event_id": "e1"}').id == "e1"
    assert parse('{"type": "sing", "event_id": 7}').id is None
    assert parse('{"type": "sing", "event_id": "\\ud800"}').id is None
    assert parse(json.dumps({"type": "sing", "event_id": "x" * 513})).id is None


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "input_audio_buffer.append", "audio" : "%s", "event_id": "e"}',
        '{"event_id": "e", "audio":"%s","type":"input_audio_buffer.append"}',
    ],
)
def test_a_large_append_is_read_like_a_small_one(frame: str) -> None:
    audio = bytes(range(256)) * 1000
    event = parse(frame % base64.b64encode(audio).decode())
    assert event == ClientEvent(Append(audio), "e")


@pytest.mark.parametrize(
    "fields",
    [
        {"x": {"audio": "A" * LARGE}, "audio": "AAAA"},
        {'"audio': "A" * LARGE, "audio": "AAAA"},
        {"x": '"audio":"' + "A" * LARGE, "audio": "AAAA"},
        {"x": "A" * LARGE, "audio": "AAAA"},
    ],
)
def test_other_long_strings_are_not_taken_for_the_audio(fields: dict[str, object]) -> None:
    assert said(type="input_audio_buffer.append", **fields) == Append(bytes(3))


@pytest.mark.parametrize(
    "text", ["A" * LARGE + "=" + "A" * 7, "AA==" + "A" * LARGE, "A" * LARGE + "A", "é" * LARGE]
)
def test_bad_audio_is_found_in_large_appends_too(text: str) -> None:
    error = said(type="input_audio_buffer.append", audio=text)
    assert isinstance(error, BadRequest)
    assert error.param == "audio"


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


@given(st.text() | st.binary() | values.map(json.dumps))
def test_any_frame_is_read(frame: str | bytes) -> None:
    assert parse(frame).command is not None
