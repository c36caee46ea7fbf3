"""What a client keeps to be sent again."""

from __future__ import annotations

from livestt.client.sent import KEPT, KEPT_UNSTORED, Sent

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
    assert not audio.rewind(0)
    assert audio.rewind(int(50 - KEPT) * 16_000)


def test_what_the_server_cannot_store_is_kept_much_longer() -> None:
    """If that server goes, another one begins where the stored words end."""
    audio = sent(60)
    audio.committed(50.0, stored=False)
    assert audio.rewind(0)
    audio = sent(700)
    audio.committed(700.0, stored=False)
    assert not audio.rewind(0)
    assert audio.rewind(int(700 - KEPT_UNSTORED) * 16_000)
