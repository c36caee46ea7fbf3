from __future__ import annotations

import base64
import json
from math import log
from typing import Any

import pytest

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import Overloaded, ServerRestart
from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)
from livestt.protocols.openai_realtime import Action, Configure, Flush, Listen, Push, Realtime, Say
from livestt.protocols.openai_realtime.client_events import ClientEvent, parse
from livestt.timebase import from_seconds
from livestt.vad.endpointing import EndpointingOptions

AUDIO = bytes(48_000)
"""A second of 24 kHz PCM."""
LOGPROBS = "item.input_audio_transcription.logprobs"
TRANSCRIPTION = "conversation.item.input_audio_transcription."


def word(text: str, at: float, **more: Any) -> Word:
    return Word(text, from_seconds(at), from_seconds(at + 0.3), **{"score": 0.5, **more})


def started(at: float) -> Event:
    return SpeechStarted(from_seconds(at))


def ended(at: float) -> Event:
    return SpeechEnded(from_seconds(at))


def over(start: float, end: float) -> Event:
    return UtteranceEnded(from_seconds(start), from_seconds(end))


class Talk:
    """A connection, what it has been told and what the session has been told."""

    def __init__(self, *, beta: bool = False) -> None:
        self.realtime = Realtime(
            "x", ScriptedEngine().capabilities, StreamOptions(), EndpointingOptions(), beta=beta
        )
        self.told: list[dict[str, Any]] = []
        self.done: list[Action] = []

    def send(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Send an event; the answers that come at once."""
        return self.receive(parse(json.dumps({"type": kind, **fields})))

    def receive(self, event: ClientEvent) -> list[dict[str, Any]]:
        actions = self.realtime.receive(event)
        self.done += [action for action in actions if not isinstance(action, Say)]
        answers = [action.message for action in actions if isinstance(action, Say)]
        self.told += answers
        return answers

    def append(self, audio: bytes = AUDIO) -> None:
        text = base64.b64encode(audio).decode()
        assert self.send("input_audio_buffer.append", audio=text) == []

    def update(self, **fields: Any) -> dict[str, Any]:
        return self.send("session.update", session={"audio": {"input": fields}})[-1]

    def commit(self) -> list[dict[str, Any]]:
        return self.send("input_audio_buffer.commit")

    def hear(self, *events: Event) -> list[str]:
        """The kinds of what the client is told of it."""
        messages = self.realtime.receive_events(events)
        self.told += messages
        return [kind(message) for message in messages]

    def last(self, name: str) -> dict[str, Any]:
        return [m for m in self.told if kind(m) == name][-1]


def kind(message: dict[str, Any]) -> str:
    return message["type"].replace(TRANSCRIPTION, "").replace("input_audio_buffer.", "")


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [kind(message) for message in messages]


COMMIT = ["committed", "conversation.item.added", "conversation.item.done"]


class TestTurns:
    """The server detects them."""

    def test_an_utterance_is_an_item_told_while_it_is_said(self) -> None:
        talk = Talk()
        talk.append()
        assert talk.hear(started(0.5)) == ["speech_started"]
        assert talk.hear(Interim((word(" So", 0.6),))) == []
        assert talk.hear(Committed((word(" Some", 0.6), word(" words", 1)))) == ["delta"]
        assert talk.hear(ended(2)) == ["speech_stopped", *COMMIT]
        assert talk.hear(Committed((word(" more.", 1.5),))) == ["delta"]
        assert talk.hear(over(0.5, 2)) == ["completed"]
        assert talk.last("speech_started")["audio_start_ms"] == 500
        assert talk.last("speech_stopped")["audio_end_ms"] == 2000
        item = talk.last("speech_started")["item_id"]
        assert [m["delta"] for m in talk.told if kind(m) == "delta"] == ["Some words", " more."]
        completed = talk.last("completed")
        assert completed["item_id"] == item
        assert completed["content_index"] == 0
        assert completed["transcript"] == "Some words more."
        assert completed["usage"] == {"type": "duration", "seconds": 1.5}
        assert completed["languages"] == []
        assert "logprobs" not in completed

    def test_items_are_chained(self) -> None:
        talk = Talk()
        for at in range(3):
            talk.hear(started(at), ended(at + 0.5), over(at, at + 0.5))
        commits = [m for m in talk.told if kind(m) == "committed"]
        assert [m["previous_item_id"] for m in commits] == [
            None, commits[0]["item_id"], commits[1]["item_id"],
        ]  # fmt: skip
        item = talk.last("conversation.item.done")["item"]
        assert item == {
            "id": commits[2]["item_id"],
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }

    def test_noise_gives_an_empty_transcript(self) -> None:
        talk = Talk()
        talk.hear(started(0), ended(1), over(0, 1))
        assert talk.last("completed")["transcript"] == ""

    def test_a_commit_in_the_middle_cuts_the_utterance_in_two_items(self) -> None:
        talk = Talk()
        talk.append()
        talk.hear(started(0.1), Committed((word(" one", 0.2),)))
        assert talk.commit() == []
        assert talk.done[-1] == Flush()
        assert talk.hear(Committed((word(" two", 0.6),)), Flushed(None)) == [
            "delta", "speech_stopped", *COMMIT, "completed",
        ]  # fmt: skip
        assert talk.last("completed")["transcript"] == "one two"
        assert talk.hear(Committed((word(" three", 1.2),))) == ["speech_started", "delta"]
        talk.hear(ended(2), over(0.1, 2))
        assert talk.last("completed")["transcript"] == "three"

    def test_a_commit_in_silence_is_answered_by_an_empty_item(self) -> None:
        talk = Talk()
        talk.append()
        assert talk.commit() == []
        assert talk.hear(Flushed(None)) == [*COMMIT, "completed"]
        assert talk.last("completed")["transcript"] == ""

    def test_a_cleared_utterance_never_comes(self) -> None:
        talk = Talk()
        talk.append()
        talk.hear(started(0.1), Committed((word(" one", 0.2),)))
        told = talk.send("input_audio_buffer.clear")
        assert kinds(told) == ["speech_stopped", "cleared"]
        assert talk.hear(Committed((word(" two", 0.6),)), Flushed(None)) == []
        assert talk.hear(Committed((word(" three", 1.2),)), ended(2), over(0.1, 2)) == [
            "speech_started", "delta", "speech_stopped", *COMMIT, "completed",
        ]  # fmt: skip
        assert talk.last("completed")["transcript"] == "three"

    def test_what_is_committed_already_is_not_cleared(self) -> None:
        talk = Talk()
        talk.append()
        talk.hear(started(0.1), ended(0.5))
        talk.send("input_audio_buffer.clear")
        assert talk.hear(Committed((word(" one", 0.2),)), over(0.1, 0.5), Flushed(None)) == [
            "delta", "completed",
        ]  # fmt: skip


class TestCommits:
    """The client commits."""

    @pytest.fixture
    def talk(self) -> Talk:
        talk = Talk()
        assert talk.update(turn_detection=None)["type"] == "session.updated"
        return talk

    def test_words_come_before_the_commit_and_after_it(self, talk: Talk) -> None:
        talk.append()
        assert talk.hear(started(0.1), Committed((word(" one", 0.2),)), ended(0.5)) == ["delta"]
        assert talk.hear(over(0.1, 0.5)) == []
        assert kinds(talk.commit()) == COMMIT
        assert talk.last("committed")["item_id"] == talk.last("delta")["item_id"]
        talk.append()
        assert talk.hear(Committed((word(" two", 0.6),)), Flushed(None)) == ["delta", "completed"]
        assert talk.last("completed")["transcript"] == "one two"
        assert talk.last("completed")["usage"]["seconds"] == 1
        assert talk.hear(Committed((word(" three", 1.2),))) == ["delta"]
        assert talk.last("delta")["item_id"] != talk.last("completed")["item_id"]

    def test_commits_that_wait_are_announced_at_once_and_answered_in_order(
        self, talk: Talk
    ) -> None:
        for _ in range(3):
            talk.append()
            assert kinds(talk.commit()) == COMMIT
        for text in (" one", " two", " three"):
            talk.hear(Committed((word(text, 0.1),)), Flushed(None))
        commits = [m["item_id"] for m in talk.told if kind(m) == "committed"]
        completed = {m["item_id"]: m["transcript"] for m in talk.told if kind(m) == "completed"}
        assert completed == dict(zip(commits, ("one", "two", "three"), strict=True))

    @pytest.mark.parametrize("audio", [b"", bytes(4_798)])
    def test_a_commit_of_nothing_is_refused(self, talk: Talk, audio: bytes) -> None:
        talk.append(audio)
        [refusal] = talk.receive(parse('{"type": "input_audio_buffer.commit", "event_id": "mine"}'))
        assert refusal["error"]["code"] == "input_audio_buffer_commit_empty"
        assert refusal["error"]["type"] == "invalid_request_error"
        assert refusal["error"]["event_id"] == "mine"
        assert Flush() not in talk.done

    def test_a_tenth_of_a_second_is_enough(self, talk: Talk) -> None:
        talk.append(bytes(4_800))
        assert kinds(talk.commit()) == COMMIT

    def test_cleared_audio_is_forgotten(self, talk: Talk) -> None:
        talk.append()
        talk.hear(Committed((word(" one", 0.2),)))
        assert kinds(talk.send("input_audio_buffer.clear")) == ["cleared"]
        assert talk.hear(Committed((word(" two", 0.5),)), Flushed(None)) == []
        talk.append()
        talk.commit()
        talk.hear(Committed((word(" three", 1.2),)), Flushed(None))
        assert talk.last("completed")["transcript"] == "three"
        assert talk.last("completed")["usage"]["seconds"] == 1

    def test_clearing_nothing_needs_no_session(self, talk: Talk) -> None:
        assert kinds(talk.send("input_audio_buffer.clear")) == ["cleared"]
        assert talk.done == []

    def test_the_server_takes_over_where_the_client_left_off(self, talk: Talk) -> None:
        talk.append()
        talk.hear(Committed((word(" one", 0.2),)))
        talk.update(turn_detection={"type": "server_vad"})
        assert talk.done[-2:] == [Flush(), Flush()]
        assert talk.last("committed")["item_id"] == talk.last("delta")["item_id"]
        assert talk.hear(Flushed(None), Flushed(None)) == ["completed"]
        assert talk.hear(started(1.5)) == ["speech_started"]

    def test_the_client_takes_over_in_the_middle_of_a_word(self) -> None:
        talk = Talk()
        talk.append()
        talk.hear(started(0.1), Committed((word(" one", 0.2),)))
        talk.update(turn_detection=None)
        talk.append()
        assert talk.commit() == []
        assert talk.hear(Flushed(None)) == ["speech_stopped", *COMMIT, "completed", *COMMIT]
        assert talk.hear(Committed((word(" two", 1.2),)), Flushed(None)) == ["delta", "completed"]
        assert talk.last("completed")["transcript"] == "two"

    def test_the_end_completes_what_nobody_committed(self, talk: Talk) -> None:
        talk.append()
        talk.hear(Committed((word(" one", 0.2),)))
        assert talk.hear(Ended(from_seconds(1))) == [*COMMIT, "completed"]


class TestConfiguration:
    def test_hello(self) -> None:
        hello = Talk().realtime.hello()
        assert hello["type"] == "session.created"
        assert hello["event_id"]
        assert hello["session"]["type"] == "transcription"
        assert hello["session"]["id"] == "sess_x"

    def test_the_beta_has_its_own_words(self) -> None:
        talk = Talk(beta=True)
        hello = talk.realtime.hello()
        assert hello["type"] == "session.created"
        assert hello["session"]["input_audio_format"] == "pcm16"
        [answer] = talk.send("transcription_session.update", session={"turn_detection": None})
        assert answer["type"] == "transcription_session.updated"
        talk.append()
        assert kinds(talk.commit()) == ["committed", "conversation.item.created"]

    def test_an_update_in_the_words_of_the_beta_changes_to_them(self) -> None:
        talk = Talk()
        talk.send("transcription_session.update", session={})
        assert talk.hear(started(0), ended(1))[-1] == "conversation.item.created"

    def test_options_hold_from_the_first_audio_and_can_change(self) -> None:
        talk = Talk()
        talk.update(transcription={"language": "fr"})
        assert talk.realtime.options.language == "fr"
        assert talk.done == []
        talk.append()
        talk.update(transcription={"language": "de"})
        assert talk.done == [Push(AUDIO), Configure(StreamOptions("de"))]

    def test_thresholds_can_change_at_any_time(self) -> None:
        talk = Talk()
        talk.update(turn_detection={"type": "server_vad", "silence_duration_ms": 900})
        assert talk.realtime.endpointing == EndpointingOptions(min_silence_ms=900)
        talk.append()
        talk.update(turn_detection={"type": "server_vad", "silence_duration_ms": 300})
        assert talk.done[-1] == Listen(EndpointingOptions(min_silence_ms=300))
        talk.update(turn_detection={"type": "server_vad"})
        assert talk.done[-1] == Listen(EndpointingOptions(min_silence_ms=300))
        assert len(talk.done) == 2

    def test_the_format_is_fixed_once_there_is_audio(self) -> None:
        talk = Talk()
        talk.append()
        refusal = talk.update(format={"type": "audio/pcmu"})
        assert refusal["error"]["param"] == "session.audio.input.format"
        assert talk.update(format={"type": "audio/pcm", "rate": 24_000})["type"] == (
            "session.updated"
        )

    def test_a_bad_update_changes_nothing(self) -> None:
        talk = Talk()
        before = talk.update()["session"]
        refusal = talk.update(transcription={"language": "tlh"}, turn_detection=None)
        assert refusal["type"] == "error"
        assert talk.update()["session"] == before

    def test_logprobs_are_one_for_each_word(self) -> None:
        talk = Talk()
        talk.send("session.update", session={"include": [LOGPROBS]})
        talk.hear(started(0), Committed((word(" Größe", 0.2), word(" 5", 1, score=0.0))))
        talk.hear(ended(2), over(0, 2))
        sure = talk.last("delta")["logprobs"]
        assert sure == talk.last("completed")["logprobs"]
        assert sure[0] == {
            "token": " Größe", "logprob": log(0.5), "bytes": list(" Größe".encode()),
        }  # fmt: skip
        assert -20 < sure[1]["logprob"] < -10

    def test_languages_and_speakers_are_told_where_they_are_known(self) -> None:
        talk = Talk()
        words = (
            word(" Oui.", 0.2, language="fr", speaker=1),
            word(" Yes,", 1, language="en", speaker=2),
            word(" sure.", 1.5, language="en", speaker=2),
        )
        talk.hear(started(0), Committed(words), ended(2))
        assert talk.hear(over(0, 2)) == ["segment", "segment", "completed"]
        assert talk.last("completed")["languages"] == [{"code": "en"}, {"code": "fr"}]
        segment = talk.last("segment")
        assert segment["text"] == "Yes, sure."
        assert segment["speaker"] == "B"
        assert (segment["start"], segment["end"]) == (1, 1.8)


class TestFailure:
    def test_an_item_without_words_fails_if_the_engine_did(self) -> None:
        talk = Talk()
        talk.hear(started(0), Warned("engine_error", "audio from 0 s to 1 s ..."), ended(1))
        assert talk.hear(over(0, 1)) == ["failed"]
        assert talk.last("failed")["error"] == {
            "type": "server_error",
            "code": "engine_error",
            "message": "audio from 0 s to 1 s ...",
            "param": None,
        }

    def test_an_item_that_has_words_keeps_them(self) -> None:
        talk = Talk()
        talk.hear(started(0), Committed((word(" one", 0),)), Warned("engine_error", "so"), ended(1))
        assert talk.hear(over(0, 1)) == ["completed"]

    def test_the_session_may_fail(self) -> None:
        talk = Talk()
        talk.update(turn_detection=None)
        talk.append()
        talk.commit()
        talk.append()
        talk.commit()
        refusal = talk.realtime.refuse(Overloaded("too much"))
        assert refusal["error"]["type"] == "server_error"
        assert refusal["error"]["code"] == "overloaded"
        failed = talk.realtime.abandon("too much")
        assert [m["item_id"] for m in failed] == [
            m["item_id"] for m in talk.told if kind(m) == "committed"
        ]
        assert talk.realtime.abandon("again") == []

    def test_what_is_of_no_interest_is_not_told(self) -> None:
        talk = Talk()
        assert talk.hear(Warned("slow", "x"), Progress(1, 1, 1), Flushed("?"), Ended(1)) == []

    def test_errors_are_stamped(self) -> None:
        talk = Talk()
        first = talk.realtime.refuse(ServerRestart("soon"))
        second = talk.realtime.refuse(ServerRestart("soon"))
        assert first["event_id"] != second["event_id"]
