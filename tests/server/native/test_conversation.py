"""One client and its session, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_blocking

from livestt.engines.scripted import script_of
from livestt.server.native.conversation import MAX_OWED
from livestt.server.sockets.outbox import Message, Outbox
from livestt.server.timing import Timing

from ..conftest import Serve
from ..engines import Gated, Watched
from ..running import PATIENCE, Dialogue, Running, converse, listen

TEXT = (
    "One two three four five six seven eight nine ten. Eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty. Alpha beta gamma delta epsilon zeta"
)
SECONDS = 12
SECOND = bytes(32_000)
AUDIO = SECOND * SECONDS
RAW = {"encoding": "s16le"}


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)))


def test_config_comes_first_and_says_what_was_agreed(server: Running) -> None:
    told = server.talk(
        AUDIO, encoding="f32le", sample_rate=44100, channels=2, language="fr", mode="diff"
    )
    config = told.messages[0]
    assert config["type"] == "config"
    assert (config["encoding"], config["sample_rate"], config["channels"]) == ("f32le", 44100, 2)
    assert (config["language"], config["mode"]) == ("fr", "diff")
    assert config["useAudioWorklet"] is False
    assert config["backend"] == "scripted"
    assert config["session"]
    assert server.talk(SECOND, **RAW).messages[0]["useAudioWorklet"] is True


@pytest.mark.parametrize("mode", ["full", "diff"])
def test_all_words_then_ready_to_stop_then_a_proper_close(server: Running, mode: str) -> None:
    told = server.talk(AUDIO, mode=mode, **RAW)
    assert told.text == TEXT
    assert told.state.buffer == ""
    assert told.kinds[-1] == "ready_to_stop"
    assert told.kinds.count("ready_to_stop") == 1
    assert told.close_code == 1000
    if mode == "diff":
        assert [m["seq"] for m in told.messages if "seq" in m] == [
            *range(1, 1 + sum("seq" in m for m in told.messages))
        ]
        assert told.kinds.count("snapshot") == 1
    else:
        assert {"snapshot", "diff"}.isdisjoint(told.kinds)


def test_committed_characters_never_change(server: Running) -> None:
    told = server.talk(*[SECOND[:3200]] * (10 * SECONDS), mode="diff", **RAW)
    state, before = type(told.state)(), ""
    for message in told.messages:
        state.apply(message)
        assert state.committed_text.startswith(before)
        before = state.committed_text


def test_words_come_with_lines_when_asked(server: Running) -> None:
    told = server.talk(AUDIO, words="true", mode="diff", **RAW)
    words = [word for line in told.state.lines for word in line.words]
    assert " ".join(word.word for word in words) == TEXT
    assert all(a.end <= b.start for a, b in pairwise(words))
    assert "words" not in server.talk(AUDIO, **RAW).of(None)[-1]["lines"][0]


@pytest.mark.parametrize("ending", [b"", '{"type": "close"}'])
def test_an_empty_frame_or_close_ends_the_audio(server: Running, ending: bytes | str) -> None:
    told = asyncio.run(converse(server.url(**RAW), [AUDIO, ending]))
    assert told.text == TEXT
    assert told.close_code == 1000


def test_a_session_without_audio_is_no_error(server: Running) -> None:
    for query in ({}, RAW, {"mode": "diff"}):
        told = server.talk(**query)
        assert not told.of("error")
        assert told.kinds[-1] == "ready_to_stop"
        assert told.close_code == 1000
        assert told.text == ""


def test_a_flush_is_answered_once_after_its_words(server: Running) -> None:
    half = AUDIO[: len(AUDIO) // 2]
    told = server.talk(half, '{"type": "flush", "id": "a"}', half, '{"type": "flush"}', **RAW)
    assert [m["id"] for m in told.of("flushed")] == ["a", None]
    answer = next(i for i, m in enumerate(told.messages) if m.get("id") == "a")
    state = type(told.state)()
    for message in told.messages[:answer]:
        state.apply(message)
    assert state.committed_text.startswith("One two three four five six seven")
    assert told.state.flushed == ["a", None]


def test_every_flush_of_a_thousand_is_answered(serve: Serve) -> None:
    engine = Gated(script_of(TEXT))
    server = serve(engine)

    async def frames() -> AsyncIterator[bytes | str]:
        yield AUDIO
        await asyncio.to_thread(engine.entered.wait, 30)
        for i in range(1000):
            yield json.dumps({"type": "flush", "id": i})
            if i == 200:
                engine.gate.set()
        yield b""

    told = asyncio.run(converse(server.url(**RAW), frames()))
    assert [m["id"] for m in told.of("flushed")] == [str(i) for i in range(1000)]
    assert told.text == TEXT


def test_configure_changes_the_language_of_what_follows(server: Running) -> None:
    half = AUDIO[: len(AUDIO) // 2]

    async def talk() -> Dialogue:
        async with connect(server.url(language="fr", **RAW), max_size=None) as socket:
            told = Dialogue()
            await socket.send(half)
            await socket.send('{"type": "flush"}')
            while not told.of("flushed"):
                told.messages.append(json.loads(await socket.recv()))
            await socket.send('{"type": "configure", "language": "de"}')
            await socket.send(half)
            await socket.send(b"")
            told.messages += (await listen(socket)).messages
            return told

    told = asyncio.run(asyncio.wait_for(talk(), PATIENCE))
    spoken = [line.language for line in told.state.lines]
    assert (spoken[0], spoken[-1]) == ("fr", "de")
    assert told.text == TEXT
    assert not told.of("error")


BAD: list[tuple[str, str]] = [
    ("not json", "JSON"),
    ("[]", "objects"),
    ("{}", "type"),
    ('{"type": "sing"}', "sing"),
    ('{"type": "configure", "language": "tlh"}', "tlh"),
    ('{"type": "configure", "language": 7}', "language"),
    ('{"type": "configure", "prompt": []}', "prompt"),
    ('{"type": "configure", "hotwords": 1}', "hotwords"),
    ('{"type": "configure", "target_language": "de"}', "target_language"),
    ('{"type": "ack"}', "seq"),
    ('{"type": "flush", "id": {}}', "id"),
    ('{"type": "flush", "id": "\\ud800"}', ""),
    ('{"type": "configure", "language": "\\ud800"}', ""),
    ('{"type": "configure", "prompt": "\\udfff"}', ""),
    (json.dumps({"type": "x" * 100_000}), "xxx"),
    (json.dumps({"type": "flush", "id": "x" * 100_000}), "id"),
    (json.dumps({"type": "configure", "language": "x" * 100_000}), "xxx"),
    ("[" * 100_000, ""),
    ("1" * 100_000, ""),
    ("\x00\x7f \N{PILE OF POO}", ""),
]


@pytest.mark.parametrize(("text", "hint"), BAD, ids=range(len(BAD)))
def test_a_bad_message_is_answered_and_the_session_lives_on(
    server: Running, text: str, hint: str
) -> None:
    told = server.talk(AUDIO, text, '{"type": "flush", "id": "after"}', **RAW)
    [error] = told.of("error")
    assert error["code"] == "bad_request"
    assert error["error"] == error["message"]
    assert hint in error["message"]
    assert len(error["message"]) < 1000
    assert told.of("flushed") == [{"type": "flushed", "id": "after"}]
    assert told.text == TEXT
    assert told.close_code == 1000


def test_quiet_messages_need_no_answer(server: Running) -> None:
    quiet = ['{"type": "keepalive"}', '{"type": "ack", "seq": 3}', '{"type": "unpause"}']
    told = server.talk(AUDIO, *quiet, **RAW)
    assert set(told.kinds) == {"config", "state", "ready_to_stop"}


def test_pause_commits_what_was_said(server: Running) -> None:
    told = server.talk(AUDIO, '{"type": "pause", "id": "p"}', '{"type": "unpause"}', **RAW)
    assert told.of("flushed") == [{"type": "flushed", "id": "p"}]
    assert told.text == TEXT


def test_resync_is_answered_with_a_snapshot(server: Running) -> None:
    async def frames() -> AsyncIterator[bytes | str]:
        for i in range(SECONDS):
            yield SECOND
            if i % 4 == 3:
                await asyncio.sleep(0.2)
                yield '{"type": "resync"}'
                await asyncio.sleep(0.2)
        yield b""

    told = asyncio.run(converse(server.url(mode="diff", **RAW), frames()))
    assert 2 <= told.kinds.count("snapshot") <= 4
    assert [m["seq"] for m in told.messages if "seq" in m] == list(range(1, told.state.seq + 1))
    assert told.text == TEXT


def test_heartbeats(serve: Serve) -> None:
    from livestt.server.timing import Timing

    server = serve(timing=Timing(heartbeat=0.05))

    async def frames() -> AsyncIterator[bytes]:
        await asyncio.sleep(1)
        yield b""

    beats: list[dict[str, Any]] = asyncio.run(converse(server.url(), frames())).of("heartbeat")
    assert len(beats) >= 2
    assert [beat["t"] for beat in beats] == sorted(beat["t"] for beat in beats)


def test_a_viewer_that_talks_nonsense_is_owed_little(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(timing=Timing(heartbeat=3600))
    owed, notify = [], Outbox.notify

    def noted(outbox: Outbox, message: Message) -> None:
        notify(outbox, message)
        owed.append(outbox.waiting)

    monkeypatch.setattr(Outbox, "notify", noted)
    with connect_blocking(server.url(**RAW)) as publisher:
        session = json.loads(publisher.recv())["session"]
        with connect_blocking(server.url(role="viewer", session=session)) as viewer:
            for _ in range(1000):
                viewer.send("nonsense")
            answered = 0
            while answered < 1000:
                answered += json.loads(viewer.recv(PATIENCE)).get("type") == "error"
    assert max(owed) <= MAX_OWED
