"""Files of clients, and a disk that is full."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from livestt.audio.auto import WholeDecoder
from livestt.errors import DiskFull
from livestt.spool import IN_MEMORY, finding_room, open_spool

FULL = Path("/dev/full")
on_linux = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def on_it(**_: Any) -> Any:
        return FULL.open("w+b")

    monkeypatch.setattr(tempfile, "TemporaryFile", on_it)


def test_what_was_written_is_read() -> None:
    with open_spool() as file:
        for _ in range(3):
            file.write(b"x" * (IN_MEMORY // 2))
        file.seek(0)
        assert len(file.read()) == 3 * (IN_MEMORY // 2)
    assert file.closed


@on_linux
@pytest.mark.usefixtures("full_disk")
def test_what_does_not_fit_is_said_at_once() -> None:
    with open_spool() as file:
        file.write(bytes(IN_MEMORY))
        with pytest.raises(DiskFull, match="no room"):
            file.write(b"more")
    assert file.closed


@on_linux
@pytest.mark.usefixtures("full_disk")
def test_a_live_file_that_does_not_fit_ends_with_that() -> None:
    decoder = WholeDecoder(lambda _: iter([]))
    decoder.feed(bytes(IN_MEMORY))
    with pytest.raises(DiskFull):
        decoder.feed(b"more")
    decoder.close()


def test_other_troubles_of_a_disk_are_not_the_clients() -> None:
    with pytest.raises(OSError, match="gone"), finding_room():
        raise OSError(5, "gone")
