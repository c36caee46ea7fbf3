"""What a client keeps to be sent again."""

from __future__ import annotations

import pytest

from livestt.client.sent import KEPT, KEPT_UNSTORED, LONGEST_GAP, Sent

SECOND = bytes(32_000)


def sent(seconds: int) -> Sent:
    """Everything taken by the present connection."""
    audio = Sent("s16le", 16_000, 1)
    for _ in range(seconds):
        audio.put(SECOND)
        audio.next()
    return audio


def test_what_is_committed_is_kept_a_little_longer() -> None:
    audio = sent(60)
    audio.committed(50.0)
    assert audio.lacks(int(50 - KEPT) * 16_000) == 0.0
    assert audio.lacks(0) == 50 - KEPT
    assert audio.lacks(16_000 * 60) == 0.0
    assert audio.lacks(16_000 * 60 + 1) is None, "it never was there"


def test_what_the_server_cannot_store_is_kept_much_longer() -> None:
    """If that server goes, another one begins where the stored words end."""
    audio = sent(60)
    audio.committed(50.0, stored=False)
    assert audio.lacks(0) == 0.0
    audio = sent(700)
    audio.committed(700.0, stored=False)
    assert audio.lacks(0) == 700 - KEPT_UNSTORED
    assert audio.lacks(int(700 - KEPT_UNSTORED) * 16_000) == 0.0


@pytest.mark.parametrize(
    ("encoding", "second", "silence"),
    [("s16le", bytes([1]) * 32_000, b"\0"), ("mulaw", bytes([1]) * 16_000, b"\xff")],
)
def test_what_is_gone_is_silence(encoding: str, second: bytes, silence: bytes) -> None:
    """So that what comes after it keeps its time."""
    audio = Sent(encoding, 16_000, 1)
    for _ in range(60):
        audio.put(second)
        audio.next()
    audio.committed(50.0)
    assert audio.rewind(8_000)
    again = b"".join(iter(audio.next, None))  # type: ignore[arg-type]
    gone = int((50 - KEPT - 0.5) * len(second))
    assert again == silence * gone + second * int(60 - (50 - KEPT))
    assert audio.cursor == audio.end


def test_a_server_that_lacks_too_much_is_no_use() -> None:
    audio = sent(int(LONGEST_GAP + KEPT) + 2)
    audio.committed(LONGEST_GAP + KEPT + 1)
    assert audio.lacks(0) is None
    assert not audio.rewind(0)
    assert audio.rewind(16_000)
