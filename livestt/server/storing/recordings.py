"""The audio of sessions, as WAV files in a folder. Blocking.

A file is written in place, sample by sample of its session, with a header that is true after each
write: it can be played at any moment, also after the process was killed, and a session that
another process goes on with writes on where the engine does.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import struct
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path

import numpy as np

from livestt.engines import Samples
from livestt.errors import BadStore, StoreUnavailable, UnknownSession
from livestt.store import Store
from livestt.store.folders import Visit
from livestt.timebase import SAMPLE_RATE

log = logging.getLogger(__name__)

HEADER = 44
"""Bytes before the samples."""
WIDTH = 2
"""Bytes of a sample."""
MOST_BYTES = 0xFFFF_FFFF - HEADER
"""Of samples in one file: 37 hours."""
LEAST_FREE = 500_000_000
"""Bytes of the disk that recordings leave to others, the store among them."""
SUFFIX = ".livestt.wav"
"""No other program names its files so: nothing else in the folder is looked at."""
MARK = "livestt-store"
"""The file that says to which store the folder belongs."""
ORPHANED = 3600.0
"""Seconds after which a recording that belongs to no transcript goes."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NoRoom(Exception):
    """Nothing more can be recorded; says why."""


class Recordings:
    """All recordings of a server. Thread-safe.

    Args:
        folder: made if need be, for its owner alone.
        most: bytes that all recordings together may take.
        store: whose transcripts they belong to.

    Attributes:
        used: bytes that they take.

    Raises:
        BadStore: the folder cannot be used.
    """

    def __init__(self, folder: Path, most: int, store: Store) -> None:
        self._folder = folder
        self._most = most
        self._store = store
        self._behind = False
        self._foreign = False
        self._lock = threading.Lock()
        self._files: weakref.WeakValueDictionary[str, threading.Lock] = (
            weakref.WeakValueDictionary()
        )
        make_folder(folder)
        try:
            self.used = sum(path.stat().st_size for path, _ in self._all())
        except OSError as error:
            raise BadStore(f"Recordings cannot be kept in {folder}: {error}") from error

    def _all(self) -> Iterator[tuple[Path, str]]:
        """Every recording, and the session that it is of."""
        for path in self._folder.glob(f"*{SUFFIX}"):
            session = path.name.removesuffix(SUFFIX)
            if _ID.fullmatch(session):
                yield path, session

    def find(self, session: str) -> Path | None:
        """The file of a session, if it was recorded."""
        if not _ID.fullmatch(session):
            return None
        path = self._folder / f"{session}{SUFFIX}"
        return path if path.is_file() else None

    def write(self, session: str, at: int, pieces: Sequence[Samples]) -> None:
        """Put samples where they belong; what was there is replaced.

        Args:
            session: its id.
            at: sample of the session that the first piece begins with.
            pieces: one after the other, each of shape ``[n]``, float32 in [-1, 1].

        Raises:
            NoRoom: there is no room for them.
            OSError: they cannot be written.
        """
        start = HEADER + WIDTH * at
        data = pcm(pieces)
        if start + len(data) > HEADER + MOST_BYTES:
            raise NoRoom("a recording is limited to 37 hours")
        path = self._folder / f"{session}{SUFFIX}"
        with (
            self._file(session),
            open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file,
        ):
            before = file.seek(0, os.SEEK_END)
            growth = max(0, start + len(data) - before)
            try:
                self._take(growth)
            except NoRoom:
                if not before:
                    path.unlink()
                raise
            size = max(before, start + len(data)) - HEADER
            try:
                if not before:  # or a process killed during the first write leaves no sound
                    _put(file, 0, header(0))
                _put(file, start, data)
                _put(file, 0, header(size - size % WIDTH))
            except OSError:
                self._take_back(path, file, before, growth)
                raise

    def _file(self, session: str) -> threading.Lock:
        """Whoever changes a file has its lock: a slow disk may still be at an earlier write."""
        with self._lock:
            return self._files.setdefault(session, threading.Lock())

    def _take_back(self, path: Path, file: FileIO, before: int, growth: int) -> None:
        """The room of a write that failed; what was there before stays as it was."""
        if before:
            file.truncate(before)
        else:
            path.unlink()
        self._free(growth)

    def _free(self, size: int) -> None:
        with self._lock:
            self.used = max(0, self.used - size)

    def _take(self, growth: int) -> None:
        with self._lock:
            if self.used + growth > self._most:
                raise NoRoom("recordings have reached their limit (--record-max-mb)")
            if shutil.disk_usage(self._folder).free - growth < LEAST_FREE:
                raise NoRoom("the disk of the recordings is almost full")
            self.used += growth

    def delete(self, session: str) -> None:
        """Forget a recording, if there is one."""
        path = self.find(session)
        if path is None:
            return
        with self._file(session):
            try:
                size = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                return
            except OSError as error:
                log.warning("a recording cannot be deleted: %s", error)
                return
            self._free(size)

    def keep_or_delete(self, session: str) -> None:
        """Forget a recording in which nothing was said: no transcript holds it."""
        try:
            self._store.get(session)
        except UnknownSession:
            self.delete(session)
        except StoreUnavailable as error:
            log.warning("a recording stays, for now: %s", error)

    def _is_behind(self) -> bool:
        return self._store.trouble is not None or self._store.stats.backlog > 0

    def _enter(self) -> bool:
        """Whether the folder belongs to the store; one that belongs to nobody does from now on."""
        mark = self._folder / MARK
        try:
            last = mark.read_text("utf-8") if mark.exists() else None
            folders = self._store.folders
            visit = folders.begin() if last is None else folders.visit(Visit.parse(last))
            if visit is not None:
                written = mark.with_suffix(f".{os.getpid()}")
                written.write_text(str(visit), "utf-8")
                written.replace(mark)
        except (OSError, ValueError) as error:
            log.warning("recordings in %s are not cleaned up: %s: %s", self._folder, mark, error)
            return False
        foreign, self._foreign = self._foreign, visit is None
        if self._foreign and not foreign:
            log.warning(
                "recordings in %s are not cleaned up: they belong to another store, or to a later "
                "state of this one; choose another --record-dir, or delete %s to let this "
                "store delete every recording that it has no transcript of",
                self._folder,
                mark,
            )
        return visit is not None

    def sweep(self) -> None:
        """Forget recordings whose transcripts are gone, however they went.

        Nothing goes while the store has not written all that was said, and once more after that:
        what waited for a disk that failed is about to be written then. Nothing goes either that
        belongs to another store, or to this one before an older copy of it was restored.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        behind, self._behind = self._behind, self._is_behind()
        if behind or self._behind or not self._enter():
            return
        for path, session in self._all():
            try:
                old = time.time() - path.stat().st_mtime > ORPHANED  # noqa: TID251 - of a file
            except FileNotFoundError:
                continue
            if old:
                self.keep_or_delete(session)


def make_folder(folder: Path) -> None:
    """Make the folder of recordings if need be, for its owner alone.

    Raises:
        BadStore: it cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadStore(f"Recordings cannot be kept in {folder}: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise BadStore(f"Recordings cannot be kept in {folder}: it cannot be written to.")


def _put(file: FileIO, at: int, data: bytes) -> None:
    """Write all of it, or fail: a disk that fills up takes a part before it says so."""
    file.seek(at)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def pcm(pieces: Sequence[Samples]) -> bytes:
    """Samples as 16-bit little-endian integers."""
    joined = np.concatenate(pieces) if len(pieces) > 1 else pieces[0]
    return (np.clip(joined, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()


def header(size: int) -> bytes:
    """The first bytes of a WAV file of mono 16-bit samples at 16 kHz.

    Args:
        size: of the samples, in bytes.
    """
    rate = SAMPLE_RATE * WIDTH
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, rate, WIDTH, 8 * WIDTH)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", size + HEADER - 8, b"WAVE"),
            form,
            struct.pack("<4sI", b"data", size),
        )
    )
