"""Forms as they come in."""

from __future__ import annotations

import anyio
import pytest
from starlette.requests import Request
from starlette.types import Message

from livestt.errors import BadRequest, TooLarge, TooSlow
from livestt.server.files.bodies import Pace, Speed, received_form

FIELD = bytes(3 << 20)
END = b"--b--\r\n"


def part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'--b\r\ncontent-disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def read(
    body: bytes, kind: str = "multipart/form-data; boundary=b", max_bytes: int = 100_000_000
) -> int:
    """How many fields a form has, on a server that takes files of so many bytes."""
    chunks = [body[start : start + (1 << 16)] for start in range(0, len(body), 1 << 16)]

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def parse() -> int:
        scope = {"type": "http", "headers": [(b"content-type", kind.encode())]}
        async with received_form(Request(scope, receive), max_bytes, Pace(60)) as form:
            return len(form.fields)

    return anyio.run(parse)


def test_fields_that_are_large_only_together_are_refused() -> None:
    assert read(part("a", FIELD) * 2 + END) == 2
    with pytest.raises(TooLarge, match="8 MiB together"):
        read(part("a", FIELD) * 3 + END)


def test_files_do_not_count_as_fields() -> None:
    assert read(part("file", FIELD * 4, '; filename="x"') + part("a", FIELD) + END) == 1


def test_the_limit_of_a_file_is_exact_and_each_ones_own() -> None:
    file = part("file", bytes(1_000_000), '; filename="x"')
    assert read(file * 2 + part("a", FIELD) + END, max_bytes=1_000_000) == 1
    with pytest.raises(TooLarge, match="larger than 1 MB"):
        read(part("file", bytes(1_000_001), '; filename="x"') + END, max_bytes=1_000_000)


def test_nor_may_a_form_without_files_be_larger() -> None:
    form = b"&".join(b"a=" + b"x" * len(FIELD) for _ in range(3))
    with pytest.raises(TooLarge, match="8 MiB together"):
        read(form, "application/x-www-form-urlencoded")


def test_who_sends_a_byte_a_second_is_too_slow() -> None:
    speed = Speed(Pace(60, rate=1000))
    for _ in range(59):
        speed.check(1, 1.0)
    with pytest.raises(TooSlow, match="in 60 s only 60 bytes came"):
        speed.check(1, 1.0)


def test_what_came_fast_does_not_pay_for_what_comes_slowly_later() -> None:
    speed = Speed(Pace(60, rate=1000))
    for _ in range(10):
        speed.check(100_000_000, 6.0)
    for _ in range(9):
        speed.check(1, 6.0)
    with pytest.raises(TooSlow):
        speed.check(1, 6.0)


@pytest.mark.parametrize(("rate", "came"), [(1000, 1000), (0, 0)])
def test_who_is_fast_enough_may_take_for_ever(rate: float, came: int) -> None:
    speed = Speed(Pace(60, rate))
    for _ in range(1000):
        speed.check(came, 1.0)


def test_time_in_which_nobody_waits_for_the_sender_does_not_count() -> None:
    speed = Speed(Pace(60, rate=1000))
    for _ in range(1000):
        speed.check(1, 0.0)


def test_a_broken_form_is_refused_and_leaves_no_file_open() -> None:
    with pytest.raises(BadRequest, match="the form cannot be read"):
        read(part("file", FIELD, '; filename="x"') + b"--b\r\n\0")
