"""Responses that go on for as long as somebody reads them."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

import anyio
import pytest
from starlette.types import Message

from livestt.events import Attributed, Event, Voice
from livestt.server.files.answering import AT_ONCE, EventStream, taken
from livestt.server.sockets.transport import ABORT


def test_work_for_who_does_not_read_is_given_up() -> None:
    happened = []

    async def work(emit: Callable[[str], Awaitable[None]]) -> None:
        try:
            await emit("words")
            happened.append("sent")
        finally:
            happened.append("given up")

    async def case() -> None:
        aborted = anyio.Event()

        async def receive() -> Message:
            await aborted.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await anyio.sleep_forever()

        scope = {"type": "http", "path": "/x", "extensions": {ABORT: {"call": aborted.set}}}
        with anyio.fail_after(60):
            await EventStream(work, ":", 60, 0.01)(scope, receive, send)
        assert aborted.is_set()

    anyio.run(case)
    assert happened == ["given up"]


@pytest.mark.parametrize(("words", "elsewhere"), [(1, False), (AT_ONCE + 1, True)])
def test_the_speakers_of_a_long_file_hold_nobody_up(words: int, elsewhere: bool) -> None:
    threads: list[int] = []

    def take(events: list[Event]) -> None:
        threads.append(threading.get_ident())

    anyio.run(taken, [Attributed(0, (Voice(1),) * words)], take)
    assert (threads != [threading.get_ident()]) is elsewhere
