"""The laws of the OpenAI Realtime dialect, whatever is said and whatever the client does."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from livestt.engines import StreamOptions
from livestt.protocols.openai_realtime import Flush, Push, Realtime, Say
from livestt.protocols.openai_realtime.client_events import parse
from livestt.vad import FRAME
from livestt.vad.endpointing import EndpointingOptions

from .rig import HIGH, LOW, Rig

FORMAT = {"type": "audio/pcm", "rate": 16_000}
TRANSCRIPTION = "conversation.item.input_audio_transcription."
VAD = {"type": "server_vad"}


class Listener:
    """A client that checks the order of what it is told."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.committed: list[str] = []
        self.announced: list[str] = []
        self.completed: list[str] = []
        self.deltas: dict[str, str] = {}
        self.transcripts: dict[str, str] = {}
        self.errors: list[dict[str, Any]] = []
        self.speaking: str | None = None
        self.clock = 0

    def hear(self, message: dict[str, Any]) -> None:
        json.dumps(message)
        assert message["event_id"] not in self.ids
        self.ids.add(message["event_id"])
        item = message.get("item_id")
        match message["type"].removeprefix("input_audio_buffer.").removeprefix(TRANSCRIPTION):
            case "speech_started":
                assert self.speaking is None
                assert item not in self.committed
                self.speaking = item
                self.tick(message["audio_start_ms"])
            case "speech_stopped":
                assert self.speaking == item
                self.speaking = None
                self.tick(message["audio_end_ms"])
            case "committed":
                assert item not in self.committed
                assert message["previous_item_id"] == (self.committed or [None])[-1]
                self.committed.append(item)
            case "conversation.item.done" | "conversation.item.created":
                self.announced.append(message["item"]["id"])
                assert self.announced == self.committed
            case "delta":
                assert message["delta"]
                assert item not in self.transcripts
                self.deltas[item] = self.deltas.get(item, "") + message["delta"]
            case "completed":
                assert item == self.committed[len(self.completed)], "out of order"
                self.completed.append(item)
                self.transcripts[item] = message["transcript"]
                assert message["transcript"] == self.deltas.get(item, "")
                assert message["usage"]["seconds"] >= 0
            case "failed":
                self.completed.append(item)
            case "error":
                self.errors.append(message["error"])

    def tick(self, ms: int) -> None:
        assert ms >= self.clock
        self.clock = ms

    @property
    def words(self) -> list[str]:
        return " ".join(self.transcripts[item] for item in self.completed).split()


class Talking(RuleBasedStateMachine):
    """A session under its own laws, and a client of it that does as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig("localagreement")
        self.realtime = Realtime("x", self.rig.capabilities, StreamOptions(), EndpointingOptions())
        self.client = Listener()
        self.commits = 0
        self.cleared = False
        self.clears = False
        self.ended = False
        self._passed = 0

    @initialize(beta=st.booleans(), clears=st.booleans())
    def begin(self, beta: bool, clears: bool) -> None:
        self.clears = clears
        self.client.hear(self.realtime.hello())
        self.tell(type="session.update", session={"audio": {"input": {"format": FORMAT}}})
        if beta:
            self.tell(type="transcription_session.update", session={})

    def tell(self, **event: Any) -> list[float]:
        """Send an event; give its audio's samples to nobody."""
        for action in self.realtime.receive(parse(json.dumps(event))):
            match action:
                case Say(message):
                    self.client.hear(message)
                case Flush():
                    self.rig.flush(None)
                    self.listen()
                case Push(audio):
                    assert len(audio) == 2 * FRAME * self._frames
        return []

    def hear(self, frames: int, level: float) -> None:
        self._frames = frames
        audio = base64.b64encode(bytes(2 * FRAME * frames)).decode()
        self.tell(type="input_audio_buffer.append", audio=audio)
        if level == HIGH:
            self.rig.speak(frames)
        else:
            self.rig.hush(frames)
        self.listen()

    def listen(self) -> None:
        """Pass on what the session has said since the last time."""
        events = self.rig.book.events
        for message in self.realtime.receive_events(events[self._passed :]):
            self.client.hear(message)
        self._passed = len(events)

    @precondition(lambda self: not self.ended)
    @rule(frames=st.integers(20, 60))
    def utterance(self, frames: int) -> None:
        self.hear(frames, HIGH)
        self.hear(20, LOW)

    @precondition(lambda self: not self.ended)
    @rule(frames=st.integers(1, 60))
    def speech(self, frames: int) -> None:
        self.hear(frames, HIGH)

    @precondition(lambda self: not self.ended)
    @rule(frames=st.integers(1, 60))
    def silence(self, frames: int) -> None:
        self.hear(frames, LOW)

    @rule()
    def step(self) -> None:
        if self.rig.ask():
            self.rig.answer()
        self.listen()

    @rule()
    def work(self) -> None:
        self.rig.work()
        self.listen()

    @precondition(lambda self: not self.ended)
    @rule()
    def commit(self) -> None:
        errors = len(self.client.errors)
        self.tell(type="input_audio_buffer.commit")
        self.commits += len(self.client.errors) == errors

    @precondition(lambda self: self.clears and not self.ended)
    @rule()
    def clear(self) -> None:
        self.cleared = True
        self.tell(type="input_audio_buffer.clear")

    @precondition(lambda self: not self.ended)
    @rule(detects=st.booleans())
    def turns(self, detects: bool) -> None:
        turns = VAD if detects else None
        self.tell(type="session.update", session={"audio": {"input": {"turn_detection": turns}}})

    @precondition(lambda self: not self.ended and self.rig.now > 5 * 16_000)
    @rule()
    def end(self) -> None:
        self.ended = True
        self.rig.end()
        self.listen()

    def teardown(self) -> None:
        if not self.ended:
            self.end()
        self.rig.work()
        self.listen()
        client = self.client
        assert client.completed == client.committed == client.announced
        assert client.speaking is None
        assert len(client.committed) >= self.commits
        assert {error["code"] for error in client.errors} <= {"input_audio_buffer_commit_empty"}
        said = "".join(self.rig.book.text).split()
        if self.cleared:
            remaining = iter(said)
            assert all(word in remaining for word in client.words)
        else:
            assert client.words == said


TestTalking = Talking.TestCase
TestTalking.settings = settings(max_examples=120, stateful_step_count=30)
