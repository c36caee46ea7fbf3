"""Speakers over a real socket: captions first, whose they are a moment later."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence

import pytest
from websockets.asyncio.client import connect

from livestt.engines.scripted import script_of
from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedStream, ScriptedTurn
from livestt.timebase import from_ms

from ..conftest import Serve, servers
from ..engines import Steered, Watched
from ..running import Dialogue, Running, listen

TEXT = "My name is Ada Lovelace. And mine is Charles, how do you do? Very well, I thank you."
SECOND = bytes(32_000)
AUDIO = SECOND * 9
RAW = {"encoding": "s16le", "mode": "diff", "words": "true"}
TURNS = [
    ScriptedTurn(0, 0, from_ms(5 * 400)),
    ScriptedTurn(1, from_ms(5 * 400), from_ms(13 * 400)),
    ScriptedTurn(0, from_ms(13 * 400), from_ms(18 * 400)),
]


class WatchedDiarizer(Steered, ScriptedDiarizer):
    """Counts streams, and fails where it is told to."""

    def __init__(self, turns: Sequence[ScriptedTurn] = TURNS) -> None:
        super().__init__(turns=turns)
        self.opened = self.released = 0
        self.batches: list[int] = []
        self.threads: set[str] = set()

    def open(self) -> ScriptedStream:
        self.opened += 1
        return super().open()

    def release(self, stream: ScriptedStream) -> None:
        self.released += 1

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        self.threads.add(threading.current_thread().name)
        self.batches.append(len(jobs))
        return super().run(jobs)


@pytest.fixture
def diarizer() -> WatchedDiarizer:
    return WatchedDiarizer()


@pytest.fixture
def server(serve: Serve, diarizer: WatchedDiarizer) -> Running:
    return serve(Watched(script_of(TEXT)), diarizer=diarizer, diarization=True)


def lines(told: Dialogue) -> list[tuple[int, str | None]]:
    return [(line.speaker, line.text) for line in told.state.lines]


def test_lines_are_whose_they_are(server: Running, diarizer: WatchedDiarizer) -> None:
    told = server.talk(AUDIO, **RAW)
    assert lines(told) == [
        (1, "My name is Ada Lovelace."),
        (2, "And mine is Charles, how do you do?"),
        (1, "Very well, I thank you."),
    ]
    assert {word.speaker for word in told.state.lines[1].words} == {2}
    assert told.kinds[-1] == "ready_to_stop"
    assert all("engine" in name for name in diarizer.threads)
    assert diarizer.opened == diarizer.released == 1


def test_config_says_whether_speakers_are_told_apart(server: Running, serve: Serve) -> None:
    assert server.talk(SECOND, **RAW).messages[0]["diarization"] is True
    assert server.talk(SECOND, **RAW).messages[0]["max_speakers"] == 4
    assert serve().talk(SECOND, **RAW).messages[0]["diarization"] is False


def test_who_wants_no_speakers_gets_none(server: Running, diarizer: WatchedDiarizer) -> None:
    told = server.talk(AUDIO, diarization="false", **RAW)
    assert {line.speaker for line in told.state.lines} == {1}
    assert diarizer.opened == 0


def test_the_number_of_speakers_can_be_limited(server: Running) -> None:
    told = server.talk(AUDIO, max_speakers=1, **RAW)
    assert told.messages[0]["max_speakers"] == 1
    assert {line.speaker for line in told.state.lines} == {1}


def test_words_do_not_wait_for_the_diarizer(server: Running, diarizer: WatchedDiarizer) -> None:
    diarizer.may_run.clear()

    async def talk() -> Dialogue:
        async with connect(server.url(**RAW), compression=None) as socket:
            await socket.send(AUDIO)
            await socket.send(json.dumps({"type": "flush"}))
            told = Dialogue()
            while "flushed" not in told.kinds:
                told.messages.append(json.loads(await socket.recv()))
            assert told.state.waiting == told.text == TEXT
            diarizer.may_run.set()
            await socket.send(b"")
            rest = await listen(socket)
            return Dialogue(told.messages + rest.messages)

    told = asyncio.run(talk())
    states = [message for message in told.messages if "buffer_diarization" in message]
    assert {line.speaker for line in told.state.lines} == {1, 2}
    assert states[-1]["buffer_diarization"] == ""
    assert states[-1]["remaining_time_diarization"] == 0


def test_speakers_can_be_named_and_merged(server: Running) -> None:
    frames = (
        AUDIO,
        json.dumps({"type": "flush"}),
        json.dumps({"type": "rename", "speaker": 1, "name": "  Ada \n Lovelace "}),
        json.dumps({"type": "merge", "speaker": 2, "into": 1}),
    )
    told = server.talk(*frames, **RAW)
    assert told.state.names == {1: "Ada Lovelace"}
    assert told.state.merged == {2: 1}
    assert {line.speaker for line in told.state.lines} == {1}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "rename", "name": "Ada"},
        {"type": "rename", "speaker": 0, "name": "Ada"},
        {"type": "rename", "speaker": 1, "name": 5},
        {"type": "rename", "speaker": 1, "name": "x" * 101},
        {"type": "merge", "speaker": 1},
        {"type": "separate", "speaker": True},
    ],
)
def test_what_makes_no_sense_is_refused(server: Running, message: dict[str, object]) -> None:
    told = server.talk(json.dumps(message), SECOND, **RAW)
    assert [m["code"] for m in told.of("error")] == ["bad_request"]
    assert told.kinds[-1] == "ready_to_stop"


def test_a_diarizer_that_fails_costs_only_the_speakers(
    server: Running, diarizer: WatchedDiarizer
) -> None:
    diarizer.broken = True
    told = server.talk(AUDIO, **RAW)
    assert told.text.replace(" ", "") == TEXT.replace(" ", "")
    assert {line.speaker for line in told.state.lines} == {0}
    assert [m["code"] for m in told.of("warning")] == ["diarization_error"]
    assert diarizer.released == 1


def test_the_diarizer_is_closed_with_the_server(diarizer: WatchedDiarizer) -> None:
    with servers() as serve:
        serve(diarizer=diarizer).talk(SECOND, **RAW)
    assert diarizer.closed
