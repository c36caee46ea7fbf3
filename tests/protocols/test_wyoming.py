from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadRequest, TooManySessions
from livestt.events import Committed, Ended, Event, Interim, Word
from livestt.protocols.wyoming import (
    MAX_LINE,
    MAX_PAYLOAD,
    Message,
    Reader,
    Transcription,
    audio_of,
    error,
    info,
    options_of,
    pong,
)

ENGINE = ScriptedEngine().capabilities
texts = st.text(max_size=20)
messages = st.builds(
    Message, texts, st.dictionaries(texts, texts | st.integers(), max_size=3), st.binary()
)


def said(*texts: str, language: str | None = None) -> Committed:
    return Committed(tuple(Word(t, i, i + 1, language=language) for i, t in enumerate(texts)))


class TestReader:
    @given(st.lists(messages), st.lists(st.integers(1, 40)))
    def test_any_cut_of_the_bytes_gives_the_same_messages(
        self, sent: list[Message], cuts: list[int]
    ) -> None:
        data = b"".join(message.to_bytes() for message in sent)
        reader, got = Reader(), []
        for size in [*cuts, len(data)]:
            got += reader.feed(data[:size])
            data = data[size:]
        assert got == sent

    def test_data_may_stand_in_the_line_too(self) -> None:
        line = {"type": "transcribe", "data": {"a": 1, "b": 1}, "data_length": 8}
        [message] = Reader().feed(json.dumps(line).encode() + b'\n{"b": 2}')
        assert message.data == {"a": 1, "b": 2}

    @pytest.mark.parametrize(
        "data",
        [
            b"nonsense\n",
            b"[]\n",
            b"\xff\n",
            b"[" * 60_000 + b"\n",
            b"{}\n",
            b'{"type": 3}\n',
            b'{"type": "x", "data": 3}\n',
            b'{"type": "x", "data_length": -1}\n',
            b'{"type": "x", "data_length": true}\n',
            b'{"type": "x", "data_length": 2}\n[]',
            b'{"type": "x", "payload_length": %d}\n' % (MAX_PAYLOAD + 1),
            b"x" * (MAX_LINE + 1),
        ],
    )
    def test_what_is_no_message_is_refused(self, data: bytes) -> None:
        with pytest.raises(BadRequest):
            Reader().feed(data)

    @given(st.binary())
    def test_any_bytes_are_messages_or_refused(self, data: bytes) -> None:
        with suppress(BadRequest):
            assert all(isinstance(message.type, str) for message in Reader().feed(data + b"\n"))


class TestTranscription:
    def test_chunks_add_up_to_the_transcript(self) -> None:
        events: list[Event] = [said(" One", " two"), Interim(()), said(" three."), Ended(9)]
        told = Transcription(None).receive_events(events)
        assert [message.type for message in told] == [
            "transcript-start", "transcript-chunk", "transcript-chunk", "transcript",
            "transcript-stop",
        ]  # fmt: skip
        chunks = [message.data["text"] for message in told if message.type == "transcript-chunk"]
        assert chunks == ["One two", " three."]
        assert told[3].data == {"text": "One two three."}

    def test_silence_is_an_empty_transcript(self) -> None:
        assert Transcription("en").receive_events([said(" "), Ended(0)]) == [
            Message("transcript", {"text": "", "language": "en"})
        ]

    def test_the_language_is_the_one_heard_most(self) -> None:
        events = [said(" Yes", language="en"), said(" oui", " non", language="fr"), Ended(0)]
        told = {message.type: message for message in Transcription(None).receive_events(events)}
        assert told["transcript-start"].data == {"language": "en"}
        assert told["transcript"].data["language"] == "fr"


def test_what_is_asked_of_the_engine() -> None:
    asked = {"language": "fr-FR", "transcript_names": ["Zoé"], "transcript_terms": ["lamp"]}
    options = options_of(asked, StreamOptions(prompt="Hello."), ENGINE)
    assert options == StreamOptions("fr", prompt="Hello.", hotwords=("Zoé", "lamp"))
    assert options_of({"name": "any"}, StreamOptions("de"), ENGINE) == StreamOptions("de")


@pytest.mark.parametrize(
    "data", [{"language": "tlh"}, {"language": 3}, {"transcript_names": "x"},
             {"transcript_terms": [3]}],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        options_of(data, StreamOptions(), ENGINE)


def test_audio_of_any_width() -> None:
    formats = [audio_of({"rate": 22_050, "width": width, "channels": 2}) for width in (1, 2, 3, 4)]
    assert formats == [AudioFormat(e, 22_050, 2) for e in ("u8", "s16le", "s24le", "s32le")]


@pytest.mark.parametrize(
    "data", [{}, {"rate": 16_000, "width": 5, "channels": 1},
             {"rate": 16_000, "width": True, "channels": 1},
             {"rate": 1, "width": 2, "channels": 1}],
)  # fmt: skip
def test_other_audio_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        audio_of(data)


def test_the_engine_is_described() -> None:
    [program] = info(ENGINE, "1.0").data["asr"]
    assert program["supports_transcript_streaming"]
    assert program["models"][0]["languages"] == ["de", "en", "es", "fr"]


def test_errors_say_why() -> None:
    assert error(TooManySessions("full")) == Message(
        "error", {"text": "full", "code": "too_many_sessions"}
    )


def test_a_pong_is_short_whatever_the_ping_holds() -> None:
    assert pong(Message("ping", {"text": "hello"})) == Message("pong", {"text": "hello"})
    assert pong(Message("ping", {"text": 7, "more": "x" * 100_000})) == Message("pong")
    assert len(pong(Message("ping", {"text": "x" * 100_000})).to_bytes()) < 1000


def test_names_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadRequest):
        options_of({"transcript_names": ["\ud800"]}, StreamOptions(), ENGINE)
