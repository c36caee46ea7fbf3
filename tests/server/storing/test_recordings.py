"""The folder of recordings: what is written, what finds room, and what is deleted."""

from __future__ import annotations

import os
import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from livestt.errors import BadStore, StoreUnavailable, UnknownSession
from livestt.server.storing import recordings as module
from livestt.server.storing.recordings import HEADER, MARK, NoRoom, Recordings
from livestt.store import Store, StoreStats
from livestt.store.folders import Folders
from livestt.store.schema import SCHEMA

from .wave_file import played


class Shelf:
    """A store, as far as recordings see it."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.failing = False
        self.trouble: str | None = None
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        SCHEMA.create_all(self.engine)
        self.folders = Folders(self.engine.begin)
        self.stats = StoreStats()

    def close(self) -> None:
        self.engine.dispose()

    def get(self, session: str) -> None:
        if self.failing:
            raise StoreUnavailable("gone")
        if session not in self.ids:
            raise UnknownSession("none")


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with closing(Shelf()) as shelf:
        yield shelf


@pytest.fixture
def kept(tmp_path: Path, shelf: Shelf) -> Recordings:
    return Recordings(tmp_path / "audio", 1_000_000, shelf)  # type: ignore[arg-type]


def tone(samples: int, value: float = 0.25) -> np.ndarray[Any, Any]:
    return np.full(samples, value, np.float32)


def test_it_can_be_played_after_each_write(kept: Recordings) -> None:
    kept.write("a", 0, [tone(100), tone(50, -2.0)])
    path = kept.find("a")
    assert path is not None
    assert path.stat().st_mode & 0o077 == 0
    assert played(path.read_bytes()).tolist() == [8192] * 100 + [-32767] * 50
    kept.write("a", 100, [tone(100, 0.0)])
    assert played(path.read_bytes()).tolist() == [8192] * 100 + [0] * 100
    kept.write("a", 0, [tone(10, 0.0)])
    assert len(played(path.read_bytes())) == 200, "what comes after stays"
    kept.write("a", 300, [tone(1)])
    assert played(path.read_bytes())[200:].tolist() == [0] * 100 + [8192]
    assert kept.used == path.stat().st_size == HEADER + 2 * 301
    kept.delete("a")
    kept.delete("a")
    assert kept.used == 0


def test_names_are_ids_and_nothing_else(kept: Recordings) -> None:
    kept.write("a", 0, [tone(1)])
    for name in ("../audio/a", "a/../a", "", "a" * 65, "nobody"):
        assert kept.find(name) is None


def test_limits(kept: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write("a", 0, [tone(490_000)])
    with pytest.raises(NoRoom, match="--record-max-mb"):
        kept.write("b", 0, [tone(10_000)])
    kept.write("a", 0, [tone(490_000)])
    with pytest.raises(NoRoom, match="37 hours"):
        kept.write("a", 2**31, [tone(1)])
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage(1_000))
    with pytest.raises(NoRoom, match="almost full"):
        kept.write("c", 0, [tone(1)])


def test_a_folder_that_cannot_be_used(tmp_path: Path, shelf: Shelf) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadStore, match="cannot be kept"):
        Recordings(tmp_path / "file", 1, shelf)  # type: ignore[arg-type]


def test_it_goes_with_its_transcript(kept: Recordings, shelf: Shelf) -> None:
    for name in "abc":
        kept.write(name, 0, [tone(1)])
    shelf.ids = {"a"}
    for name in "ab":
        path = kept.find(name)
        assert path is not None
        os.utime(path, (0, 0))
    shelf.failing = True
    kept.sweep()
    assert kept.find("b")
    shelf.failing = False
    kept.sweep()
    assert kept.find("a"), "its transcript is there"
    assert not kept.find("b")
    assert kept.find("c"), "its transcript may be yet to come"


def age(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (0, 0))


def test_files_of_others_are_left_alone(tmp_path: Path, shelf: Shelf) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    names = {"my-song.wav", "abc.wav", "a song.livestt.wav"}
    for name in names:
        (folder / name).write_bytes(bytes(500))
    kept = Recordings(folder, 1_000_000, shelf)  # type: ignore[arg-type]
    assert kept.used == 0
    age(folder)
    kept.sweep()
    assert {path.name for path in folder.iterdir()} == {*names, MARK}


def test_recordings_of_another_store_stay(
    kept: Recordings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.sweep()
    kept.write("a", 0, [tone(1)])
    with closing(Shelf()) as shelf:
        other = Recordings(tmp_path / "audio", 1_000_000, shelf)  # type: ignore[arg-type]
        age(tmp_path / "audio")
        other.sweep()
        other.sweep()
        assert other.find("a")
        assert caplog.text.count("belong to another store") == 1
        (tmp_path / "audio" / MARK).unlink()
        other.sweep()
        assert not other.find("a"), "whoever deletes the mark wants that"


def test_recordings_stay_when_an_older_store_is_restored(tmp_path: Path) -> None:
    place, copy = tmp_path / "new.db", tmp_path / "old.db"
    with closing(Store(str(place))) as store:
        kept = Recordings(tmp_path / "audio", 1_000_000, store)
        kept.sweep()
        with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        kept.write("a", 0, [tone(1)])
        kept.sweep()
    age(tmp_path / "audio")
    with closing(Store(str(copy))) as store:
        again = Recordings(tmp_path / "audio", 1_000_000, store)
        again.sweep()
        again.sweep()
        assert again.find("a")


def test_a_mark_that_is_broken_keeps_everything(
    kept: Recordings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.write("a", 0, [tone(1)])
    (tmp_path / "audio" / MARK).write_text("what?")
    age(tmp_path / "audio")
    kept.sweep()
    assert kept.find("a")
    assert "are not cleaned up" in caplog.text


def test_nothing_goes_while_the_store_is_behind(kept: Recordings, shelf: Shelf) -> None:
    kept.write("a", 0, [tone(1)])
    path = kept.find("a")
    assert path is not None
    os.utime(path, (0, 0))
    shelf.trouble = "the disk is full"
    kept.sweep()
    shelf.trouble, shelf.stats.backlog = None, 5
    kept.sweep()
    shelf.stats.backlog = 0
    kept.sweep()
    assert kept.find("a"), "what waited may just be on its way"
    kept.sweep()
    assert not kept.find("a")


def test_what_finds_no_room_leaves_no_file(tmp_path: Path, shelf: Shelf) -> None:
    kept = Recordings(tmp_path / "audio", 100, shelf)  # type: ignore[arg-type]
    with pytest.raises(NoRoom):
        kept.write("a", 0, [tone(100)])
    assert (kept.find("a"), kept.used) == (None, 0)


@pytest.mark.parametrize("before", [0, 10])
def test_a_write_that_fails_takes_no_room(
    kept: Recordings, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    if before:
        kept.write("a", 0, [tone(before)])
    used = kept.used

    def fail(size: int) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "header", fail)
    with pytest.raises(OSError, match="No space"):
        kept.write("a", before, [tone(50)])
    path = kept.find("a")
    assert kept.used == used == (path.stat().st_size if path else 0)


def test_room_is_counted_over_a_restart(kept: Recordings, tmp_path: Path, shelf: Shelf) -> None:
    kept.write("a", 0, [tone(500)])
    again = Recordings(tmp_path / "audio", 1_000_000, shelf)  # type: ignore[arg-type]
    assert again.used == kept.used
