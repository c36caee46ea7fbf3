"""One connection after another sends a session's audio, and every byte counts once."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.errors import LivesttError
from livestt.events import Event
from livestt.server.live.feed import Feed

STEREO = AudioFormat("s16le", 16_000, 2)


class Connection:
    def __init__(self) -> None:
        self.replaced = False

    def receive_events(self, events: Sequence[Event]) -> None: ...

    def failed(self, error: LivesttError) -> None: ...

    def superseded(self) -> None:
        self.replaced = True


def test_who_comes_replaces_who_was_there() -> None:
    feed, first, second = Feed(STEREO, 0, 1.0), Connection(), Connection()
    feed.take_over(first)
    feed.take_over(second)
    assert (first.replaced, second.replaced) == (True, False)
    assert feed.publisher is second
    assert not feed.lose(first, resumable=True)
    assert feed.publisher is second, "the one that was replaced leaves nothing behind"


@given(st.lists(st.integers(0, 50), max_size=12), st.integers(0, 9))
def test_whoever_comes_back_sends_on_from_a_whole_sample(cuts: list[int], first: int) -> None:
    audio = bytes(range(200))
    feed, got = Feed(STEREO, first, 1.0), b""
    for cut in cuts:
        at = feed.take_over(Connection()) * STEREO.frame_bytes - first * STEREO.frame_bytes
        got += feed.receive(audio[at : at + cut])
    assert got == audio[: len(got)]


@pytest.mark.parametrize(("grace", "resumable"), [(0.0, True), (60.0, False)])
def test_nobody_is_waited_for_who_cannot_come_back(grace: float, resumable: bool) -> None:
    feed, connection = Feed(STEREO, 0, grace), Connection()
    feed.take_over(connection)
    assert feed.lose(connection, resumable=resumable)


def test_a_lost_publisher_is_given_up_once_its_time_is_over() -> None:
    async def wait() -> None:
        feed, connection = Feed(STEREO, 0, 0.001), Connection()
        feed.take_over(connection)
        assert not feed.lose(connection, resumable=True)
        await feed.given_up()

    anyio.run(wait)


def test_a_publisher_that_comes_back_is_waited_for_no_longer() -> None:
    async def wait() -> None:
        feed, connection = Feed(STEREO, 0, 3600.0), Connection()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed.given_up)
            feed.take_over(connection)
            feed.lose(connection, resumable=True)
            await anyio.wait_all_tasks_blocked()
            feed.take_over(Connection())
            await anyio.wait_all_tasks_blocked()
            assert feed.publisher is not None
            tasks.cancel_scope.cancel()

    anyio.run(wait)
