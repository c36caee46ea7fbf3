"""What waits for a session."""

from __future__ import annotations

import anyio

from livestt.engines import StreamOptions
from livestt.server.live.inbox import MAX_WAITING, End, Flush, Inbox, Item
from livestt.vad.endpointing import EndpointingOptions


def taken(inbox: Inbox, count: int) -> list[Item]:
    async def take() -> list[Item]:
        with anyio.fail_after(60):
            return [await inbox.take() for _ in range(count)]

    return anyio.run(take)


def full(inbox: Inbox) -> bool:
    async def wait() -> bool:
        with anyio.move_on_after(0) as scope:
            await inbox.ready()
        return scope.cancelled_caught

    return anyio.run(wait)


def test_of_options_in_a_row_the_last_count() -> None:
    inbox = Inbox()
    first, second, third = (StreamOptions(language=name) for name in ("de", "en", "fr"))
    for item in (first, second, b"ab", b"cd", second, Flush("1"), second, third, End()):
        inbox.put(item)
    assert taken(inbox, 6) == [second, b"abcd", second, Flush("1"), third, End()]
    assert inbox.waiting == 0


def test_control_messages_fill_it_too() -> None:
    inbox = Inbox()
    for _ in range(10_000):
        inbox.put(StreamOptions())
    assert not full(inbox)
    pairs = 0
    while inbox.waiting <= MAX_WAITING:
        inbox.put(EndpointingOptions())
        inbox.put(StreamOptions())
        pairs += 1
    assert full(inbox)
    taken(inbox, 1 + 2 * pairs)
    assert inbox.waiting == 0
    assert not full(inbox)
