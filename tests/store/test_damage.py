"""What is damaged in the database harms nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from server.running import wait_until

from livestt.events import SpeakerNamed, SpeakersMerged
from livestt.store import Asked, Entry, Line, Outcome, Store, writer

from .conftest import AUDIO, Open, line, opening, tell, words, write

IN_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
IN_POSTGRES = pytest.mark.parametrize("place", ["postgres"], indirect=True)
ALL_OF_THEM = "speakers", "merged", "recognized", "notes", "audio", "options"
DAMAGED = pytest.mark.parametrize(
    "value", ["{", "", "null", "7", '[{"say": 1}, 5, {}]', '{"x": "y", "1": ["z"], "2": {}}']
)
NOW = timedelta(0)


@pytest.fixture
def damage(tmp_path: Path) -> Callable[..., None]:
    """``damage("a", speakers="{")`` writes that into this session's row, as no server would."""

    def write_raw(session: str, **columns: Any) -> None:
        with sqlite3.connect(tmp_path / "transcripts.db", timeout=60) as raw:
            for column, value in columns.items():
                raw.execute(f"UPDATE sessions SET {column} = ? WHERE id = ?", (value, session))
        raw.close()

    return write_raw


@IN_A_FILE
@DAMAGED
def test_a_damaged_session_is_written_to_and_read(
    store: Store, damage: Callable[..., None], value: str
) -> None:
    for session in "abc":
        tell(store, session, "one", ended=False)
    damage("b", **dict.fromkeys(ALL_OF_THEM, value))
    for session in "abc":
        more = Entry(session, 1, 1, words("two", 1), names=((1, "Ann"),), next_line=1)
        assert write(store, more) is Outcome.STORED
        assert store.read(session).text == "one two"
    assert [row.speakers for row in store.newest(10)] == [{1: "Ann"}] * 3
    row = store.edit("b", "Monday", [SpeakerNamed(2, "Ben"), SpeakersMerged(3, 2)])
    assert (row.title, row.speakers, row.merged) == ("Monday", {1: "Ann", 2: "Ben"}, {3: 2})
    assert store.stats.failures == store.stats.lost_words == 0


@IN_A_FILE
@DAMAGED
def test_it_keeps_no_other_from_being_tidied_up(
    store: Store, open_store: Open, damage: Callable[..., None], value: str
) -> None:
    for session in "abc":
        tell(store, session, "one", ended=False)
    damage("b", **dict.fromkeys(ALL_OF_THEM, value))
    other = open_store()
    other.sweep(NOW, None)
    assert all(row.ended is not None for row in store.newest(10))
    assert sorted(other.sweep(NOW, timedelta(days=-1))) == ["a", "b", "c"]


@IN_A_FILE
@DAMAGED
def test_it_can_be_taken_over_where_its_audio_is_known(
    store: Store, open_store: Open, damage: Callable[..., None], value: str
) -> None:
    tell(store, "a", "one", ended=False)
    damage("a", **dict.fromkeys({*ALL_OF_THEM} - {"audio"}, value))
    resumed = open_store().reopen(Asked("a", AUDIO), timedelta(hours=1), 0)
    assert resumed is not None
    assert resumed.next_word == 1


@IN_A_FILE
@DAMAGED
def test_the_others_are_looked_after(
    store: Store, damage: Callable[..., None], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    store.listen(heard.append, heard.append)
    for session in "abc":
        tell(store, session, "one", ended=False)
        damage(session, seen=0)
    damage("b", notes=value)
    monkeypatch.setattr(writer, "TOUCH", 0.0)
    tell(store, "d", "wakes it")
    wait_until(lambda: all(row.seen.year > 1970 for row in store.newest(10)))
    assert heard == []
    assert store.trouble is None


def test_what_nobody_has_thought_of_ends_no_thread(
    store: Store,
    open_store: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    touch = writer.touch

    def fragile(connection: Any, own: Any, now: Any) -> Any:
        if "b" in own:
            raise ValueError("this row is strange")
        return touch(connection, own, now)

    lost: list[Any] = []
    store.listen(lost.append, lambda _: None)
    for session in "abc":
        tell(store, session, "one", ended=False)
    assert open_store().reopen(Asked("c", AUDIO), timedelta(hours=1), 0) is not None
    monkeypatch.setattr(writer, "touch", fragile)
    monkeypatch.setattr(writer, "TOUCH", 0.0)
    tell(store, "d", "wakes it")
    wait_until(lambda: lost)
    assert lost[0] == {"c": 1}, "the others are looked after all the same"
    assert store.stats.failures > 0
    assert "session b" in caplog.text
    monkeypatch.setattr(writer, "TOUCH", 60.0)
    assert write(store, Entry("b", 1, 1, words("two", 1), next_line=1)) is Outcome.STORED
    assert store.trouble is None


def test_no_text_is_lost_because_of_a_character(store: Store) -> None:
    """Half a character comes from engines that decode a token at a time."""
    said = words("o\ud83dne tw\0o")
    entry = Entry(
        "a", 1, 0, said, (line(0, said, 0),), opening=opening("a"), names=((1, "\udc00"),)
    )
    assert write(store, entry) is Outcome.STORED
    assert store.read("a").text == "o?ne two"
    assert store.get("a").speakers == {1: "?"}


def test_words_around_lost_ones_are_read_once(store: Store, open_store: Open) -> None:
    """The numbers of the lost ones stay free."""
    said = words("one two three four five")
    write(store, Entry("a", 1, 0, said[:2], opening=opening("a")))
    write(store, Entry("a", 1, 3, said[3:]))
    before = store.read("a").segments
    assert [word for segment in before for word in segment.words] == [*said[:2], *said[3:]]
    open_store().sweep(NOW, None)
    assert store.get("a").ended is not None
    assert store.read("a").segments == before


def bad_entries() -> dict[str, Entry]:
    said = words("one")
    return {
        "json": Entry("b", 1, opening=replace(opening("b"), options={"prompt": object()})),
        "number": Entry("b", 1, 0, said, received=1 << 70, opening=opening("b")),
    }


@pytest.mark.parametrize("bad", bad_entries().values(), ids=bad_entries())
def test_what_cannot_be_written_keeps_nobody_waiting(store: Store, bad: Entry) -> None:
    assert write(store, bad) is Outcome.LOST
    tell(store, "a", "one")
    assert store.trouble is None


@IN_POSTGRES
def test_what_is_too_large_keeps_nobody_waiting(store: Store) -> None:
    """Of a line's words, PostgreSQL's text index takes only so many."""
    said = words("one")
    text = " ".join(f"{n:020}" for n in range(60_000))
    huge = Line(replace(line(0, said, 0).segment, text=text), 0)
    assert write(store, Entry("b", 1, 0, said, (huge,), opening=opening("b"))) is Outcome.LOST
    tell(store, "a", "one")
    assert store.trouble is None
