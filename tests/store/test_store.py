"""What is written can be read again, by whoever comes next."""

from __future__ import annotations

import sqlite3
import stat
import sys
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import event, insert, text, update
from sqlalchemy.exc import OperationalError

import livestt.store as store_module
from livestt.errors import BadStore, StoreUnavailable, UnknownSession
from livestt.events import SpeakerNamed, SpeakersMerged
from livestt.settings import Settings
from livestt.store import Asked, Entry, Outcome, Store, reading, schema
from livestt.store import open_store as open_named
from livestt.store.database import address, probe
from livestt.store.resuming import resume_at
from livestt.store.schema import MIGRATIONS, newest, prepare, sessions
from livestt.store.transaction import _opening
from livestt.subtitles import render

from .conftest import AUDIO, Open, line, opening, tell, words, write

IN_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
NEVER = timedelta(days=1000)
NOW = timedelta(0)


def test_a_session_comes_back_as_it_was_written(store: Store) -> None:
    said = words("one two three")
    entry = Entry(
        "a", 1, 0, said, (line(0, said[:2], 0),), 50_000, 40_000, "en", opening=opening("a", "anna")
    )
    assert write(store, entry) is Outcome.STORED
    row = store.get("a")
    assert (row.words, row.received, row.committed, row.ended) == (3, 50_000, 40_000, None)
    assert (row.owner, row.audio, row.engine, row.language) == ("anna", AUDIO, "scripted", "en")
    read = store.read("a")
    assert [segment.words for segment in read.segments] == [said[:2], said[2:]]
    assert read.text == "one two three"


def test_words_and_lines_go_on_where_they_were(store: Store) -> None:
    said = words("one two three four")
    write(store, Entry("a", 1, 0, said[:2], opening=opening("a")))
    write(store, Entry("a", 1, 2, said[2:], (line(0, said[:3], 0),), ended=True))
    assert store.get("a").ended is not None
    assert [s.text for s in store.read("a").segments] == ["one two three", "four"]


def test_a_range_of_a_session_is_the_lines_that_touch_it(store: Store) -> None:
    tell(store, "a", "one two", "three four", "five six")
    assert store.read("a", 2 * 16_000, 4 * 16_000).text == "three four"
    assert store.read("a", 2 * 16_000).text == "three four five six"
    assert store.read("a", 0, 1).text == "one two"


def test_transcripts_can_be_written_as_files(store: Store) -> None:
    tell(store, "a", "one two", "three")
    assert render(store.read("a"), "txt") == "one two\nthree\n"
    assert "00:00:02,000 --> " in render(store.read("a"), "srt")


def test_a_session_without_a_word_leaves_nothing(store: Store) -> None:
    write(store, Entry("a", 1, opening=opening("a")))
    assert store.get("a").words == 0
    write(store, Entry("a", 1, received=16_000, ended=True))
    with pytest.raises(UnknownSession):
        store.get("a")


def test_sessions_are_listed_newest_first_in_pages(store: Store) -> None:
    for name in "abcde":
        tell(store, name, "hello", owner="anna" if name in "bd" else "ben")
    page = store.newest(2)
    rest = store.newest(10, before=page[-1].id)
    assert [row.id for row in [*page, *rest]] == list("edcba")
    assert [row.id for row in store.newest(10, owner="anna")] == ["d", "b"]


def test_search_finds_lines_by_their_words(store: Store) -> None:
    tell(store, "a", "the quick brown fox", "jumps over", owner="anna")
    tell(store, "b", "a brown bear", "ça va très bien", '"quoted" AND (odd*', owner="ben")
    assert [(f.session, f.line) for f in store.search("brown", 10)] == [("b", 0), ("a", 0)]
    assert [f.text for f in store.search("FOX qui", 10)] == ["the quick brown fox"]
    assert [f.session for f in store.search("brown", 10, owner="anna")] == ["a"]
    assert [f.line for f in store.search("très", 10)] == [1]
    assert [f.line for f in store.search('"quoted" AND (odd', 10)] == [2]
    assert len(store.search("brown", 1)) == 1
    assert store.search("rown", 10) == store.search("  ", 10) == []


@IN_A_FILE
def test_search_in_sqlite_does_not_mind_accents(store: Store) -> None:
    tell(store, "a", "ça va très bien")
    assert [f.line for f in store.search("tres", 10)] == [0]


HINDI = "काल की बात", "कल को फिर"


def test_search_knows_words_with_vowel_signs(store: Store) -> None:
    tell(store, "a", *HINDI)
    tell(store, "b", "বাংলা ভাষা", "தமிழ் மொழி")
    found = {
        query: [line.line for line in store.search(query, 10)]
        for query in ("काल", "कल", "की", "को फि", "बा", "कि", "ভা", "মা", "தமி", "தமு")
    }
    assert found == {
        **{"काल": [0], "कल": [1], "की": [0], "को फि": [1], "बा": [0], "कि": []},
        **{"ভা": [0], "মা": [], "தமி": [1], "தமு": []},
    }


@IN_A_FILE
def test_an_older_index_learns_vowel_signs(
    store: Store, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(store, "a", *HINDI)
    before = schema.MIGRATIONS.index(schema._add_vowel_signs)
    with store._connections.engine.begin() as connection:
        connection.execute(text("DROP TABLE lines_fts"))
        connection.execute(
            text(
                "CREATE VIRTUAL TABLE lines_fts USING fts5(text, content='lines', "
                "content_rowid='key', tokenize='unicode61 remove_diacritics 2')"
            )
        )
        connection.execute(text("INSERT INTO lines_fts(lines_fts) VALUES ('rebuild')"))
        connection.execute(text(f"UPDATE livestt SET version = {before + 1}"))
    assert len(store.search("कि", 10)) == 2, "whatever begins with its first letter"
    with monkeypatch.context() as broken:
        broken.setattr(schema, "_SQLITE_INDEX", "CREATE nothing")
        with pytest.raises(BadStore):
            open_store()
    assert len(store.search("कि", 10)) == 2, "all of an upgrade, or nothing"
    store = open_store()
    assert store.search("कि", 10) == []
    assert [line.line for line in store.search("की", 10)] == [0]
    tell(store, "b", "की")
    store.delete("a")
    assert [line.session for line in store.search("की", 10)] == ["b"]


@IN_A_FILE
def test_of_too_many_lines_those_that_were_written_last_are_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Putting all in order that hold a word everybody says would take seconds."""
    monkeypatch.setattr(reading, "CANDIDATES", 3)
    for session in "abc":
        tell(store, session, "the one", "the other", owner="anna")
    found = [(f.session, f.line) for f in store.search("the", 10)]
    assert found == [("c", 0), ("c", 1), ("b", 1)]
    assert len(store.search("the", 10, owner="anna")) == 6


def test_search_finds_pieces_where_a_script_has_no_spaces(store: Store) -> None:
    tell(store, "a", "今日はいい天気です")
    assert [f.session for f in store.search("天気", 10)] == ["a"]


@IN_A_FILE
def test_what_is_deleted_is_gone_from_everywhere(store: Store, tmp_path: Path) -> None:
    tell(store, "a", "something secret")
    tell(store, "b", "something else")
    store.delete("a")
    with pytest.raises(UnknownSession):
        store.read("a")
    assert [f.session for f in store.search("something", 10)] == ["b"]
    with pytest.raises(UnknownSession):
        store.delete("a")
    with sqlite3.connect(tmp_path / "transcripts.db") as raw:
        assert raw.execute("SELECT count(*) FROM words WHERE session = 'a'").fetchone() == (0,)
    raw.close()


def test_speakers_and_titles_can_be_named(store: Store) -> None:
    tell(store, "a", "hello")
    store.edit("a", title="Monday", told=[SpeakerNamed(1, "Anna"), SpeakerNamed(2, "Ben")])
    row = store.edit("a", told=[SpeakerNamed(2, "")])
    assert (row.title, row.speakers) == ("Monday", {1: "Anna"})


class TestReopening:
    def left(self, store: Store) -> None:
        """A session whose process died: two lines, and words after them."""
        said = words("one two three four five")
        lines = (line(0, said[:2], 0), line(1, said[2:4], 2))
        write(store, Entry("a", 1, 0, said, lines, 90_000, 80_000, opening=opening("a")))

    def test_finds_everything_where_it_was(self, store: Store) -> None:
        self.left(store)
        resumed = store.reopen(Asked("a", AUDIO), NEVER, 16_000 * 1000)
        assert resumed is not None
        assert [s.text for s in resumed.segments] == ["one two", "three four"]
        assert (resumed.next_line, resumed.next_word, resumed.row.epoch) == (2, 5, 2)
        assert [word.text for word in resumed.growing] == [" five"]
        assert resumed.last_end == 4 * 16_000 + 8_000

    def test_brings_back_no_more_than_is_shown(self, store: Store) -> None:
        self.left(store)
        resumed = store.reopen(Asked("a", AUDIO), NEVER, 16_000 * 3)
        assert resumed is not None
        assert ([s.id for s in resumed.segments], resumed.next_line) == ([1], 2)

    def test_shuts_out_whoever_had_it_before(self, store: Store) -> None:
        self.left(store)
        store.reopen(Asked("a", AUDIO), NEVER, 0)
        late = Entry("a", 1, 5, words("late", 5))
        assert write(store, late) is Outcome.REFUSED
        assert write(store, Entry("a", 2, 5, words("six", 5))) is Outcome.STORED
        assert store.read("a").text.endswith("five six")

    def test_wants_the_same_audio_and_a_session_that_is_not_over(self, store: Store) -> None:
        self.left(store)
        assert store.reopen(Asked("a", {**AUDIO, "sample_rate": 8000}), NEVER, 0) is None
        assert store.reopen(Asked("b", AUDIO), NEVER, 0) is None
        assert store.reopen(Asked("a", AUDIO, "somebody"), NEVER, 0) is None
        tell(store, "b", "all said")
        assert store.reopen(Asked("b", AUDIO), NOW, 0) is None

    def test_takes_up_what_ended_just_now(self, store: Store) -> None:
        tell(store, "b", "all said")
        resumed = store.reopen(Asked("b", AUDIO), NEVER, 0)
        assert resumed is not None
        assert resume_at(resumed) == 2 * 16_000
        assert store.get("b").ended is None

    def test_does_not_take_a_session_that_was_left_too_long_ago(
        self, store: Store, open_store: Open
    ) -> None:
        self.left(store)
        assert store.reopen(Asked("a", AUDIO), NOW, 0) is None
        assert open_store().reopen(Asked("a", AUDIO), timedelta(minutes=1), 0) is not None


class TestSweeping:
    def test_ends_what_nobody_came_back_to_and_closes_its_lines(
        self, store: Store, open_store: Open
    ) -> None:
        TestReopening().left(store)
        other = open_store()
        other.sweep(NEVER, None)
        assert store.get("a").ended is None
        other.sweep(NOW, None)
        assert store.get("a").ended is not None
        assert [f.line for f in store.search("five", 10)] == [2]

    def test_leaves_alone_what_goes_on_here(self, store: Store) -> None:
        """A disk that failed has kept it from saying so."""
        TestReopening().left(store)
        store.sweep(NOW, None)
        assert store.get("a").ended is None

    def test_forgets_what_is_older_than_wanted(self, store: Store) -> None:
        tell(store, "a", "old")
        tell(store, "b", "running", ended=False)
        assert store.sweep(NEVER, NEVER) == []
        assert store.sweep(NEVER, timedelta(days=-1)) == ["a"]
        assert [row.id for row in store.newest(10)] == ["b"]

    def test_forgets_many_but_not_all_at_once(self, store: Store) -> None:
        """A database takes only so many variables in one statement."""
        many = [f"s{number:04}" for number in range(1200)]
        with store._connections.engine.begin() as connection:
            rows = [_opening(opening(session), 0) | {"ended": 0} for session in many]
            connection.execute(insert(sessions), rows)
        if store._connections.engine.dialect.name == "sqlite":

            @event.listens_for(store._connections.engine, "checkout")
            def limit(raw: sqlite3.Connection, *_: object) -> None:
                raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

        assert sorted(chain.from_iterable(iter(lambda: store.sweep(NEVER, NEVER), []))) == many
        assert store.newest(10) == []

    def test_forgets_long_ones_apart(self, store: Store) -> None:
        """Whoever writes waits for each transaction."""
        tell(store, "a", "short")
        for session in "bcd":
            tell(store, session, "long")
        with store._connections.engine.begin() as connection:
            long = sessions.c.id.in_(["b", "c", "d"])
            connection.execute(update(sessions).where(long).values(words=20_000))
        batches = list(iter(lambda: store.sweep(NEVER, timedelta(days=-1)), []))
        assert [len(batch) for batch in batches] == [2, 1, 1]

    def test_what_cannot_be_forgotten_keeps_nothing_open(
        self, store: Store, open_store: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        TestReopening().left(store)

        def fail(*_: object) -> list[str]:
            raise OperationalError("DELETE", {}, Exception("it was told to fail"))

        monkeypatch.setattr(store_module, "forget", fail)
        with pytest.raises(StoreUnavailable):
            open_store().sweep(NOW, NEVER)
        assert store.get("a").ended is not None


class TestOpening:
    def test_survives_the_process(self, open_store: Open) -> None:
        first = open_store()
        tell(first, "a", "hello")
        first.close()
        assert open_store().read("a").text == "hello"

    @IN_A_FILE
    def test_a_newer_database_is_left_alone(self, store: Store, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "transcripts.db") as raw:
            raw.execute("UPDATE livestt SET version = 99")
        raw.close()
        with pytest.raises(BadStore, match="newer livestt"):
            Store(str(tmp_path / "transcripts.db"))

    def test_another_programs_database_is_left_alone(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "other.db") as raw:
            raw.execute("CREATE TABLE words (x)")
        raw.close()
        with pytest.raises(BadStore, match="another program"):
            Store(str(tmp_path / "other.db"))

    def test_what_is_no_database_is_said_to_be_none(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("these are notes, and no database at all " * 50)
        with pytest.raises(BadStore, match="not a database"):
            Store(str(tmp_path / "notes.txt"))
        with pytest.raises(BadStore, match="--no-store"):
            Store(str(tmp_path / "notes.txt" / "in-a-file.db"))

    @pytest.mark.parametrize("place", ["mysql://x/y", "sqlite://", "://"])
    def test_unknown_addresses_are_refused(self, place: str) -> None:
        with pytest.raises(BadStore, match="--store"):
            address(place)

    @pytest.mark.skipif(sys.platform == "win32", reason="no such modes")
    def test_only_the_servers_own_user_may_read_it(self, store: Store, tmp_path: Path) -> None:
        tell(store, "a", "hello")
        for file in tmp_path.glob("transcripts.db*"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_none_keeps_nothing(self) -> None:
        assert open_named(Settings(store="none")) is None

    @pytest.mark.parametrize("name", ["a b.db", "a#b.db", "a?b.db", "a%20b.db"])
    def test_it_is_found_whatever_it_is_called(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "there").mkdir()
        place = tmp_path / "there" / name
        assert probe(address(str(place))) is None
        Store(str(place)).close()
        assert probe(address(str(place))) == newest()
        assert not [path for path in place.parent.iterdir() if not path.name.startswith(name)]

    def test_an_older_database_is_brought_up_to_date(self, store: Store) -> None:
        steps: list[int] = []
        later = (*MIGRATIONS, lambda _: steps.append(1), lambda _: steps.append(2))
        with store._connections.engine.begin() as connection:
            prepare(connection, later)
        with store._connections.engine.begin() as connection:
            prepare(connection, later)
        assert steps == [1, 2]
        assert newest(later) == newest() + 2

    @pytest.mark.parametrize("version", range(1, newest()))
    def test_a_database_of_any_older_version_is_upgraded(
        self, store: Store, open_store: Open, version: int
    ) -> None:
        tell(store, "a", "hello", ended=False)
        with store._connections.engine.begin() as connection:
            for statement in FIRST_VERSION:
                connection.execute(text(statement))
            for step in MIGRATIONS[: version - 1]:
                step(connection)
            connection.execute(text(f"UPDATE livestt SET version = {version}"))
        again = open_store()
        assert again.read("a").text == "hello"
        assert [found.session for found in again.search("hello", 10)] == ["a"]
        assert again.voices.all() == []
        assert again.folders.begin().number == 1
        assert again.read("a").segments[0].translation is None
        assert again.edit("a", told=[SpeakersMerged(2, 1)]).merged == {2: 1}
        assert again.reopen(Asked("a", AUDIO), NEVER, 0) is not None
        said = words("again", 1)
        more = Entry("a", 2, 1, said, (line(1, said, 1),), ended=True, next_line=1)
        assert write(again, more) is Outcome.STORED
        assert [found.line for found in again.search("again", 10)] == [1]
        assert again.sweep(NEVER, timedelta(days=-1)) == ["a"]


FIRST_VERSION = (
    *(f"DROP TABLE {table}" for table in ("voices", "session_voices", "folders")),
    *(f"ALTER TABLE lines DROP COLUMN {name}" for name in ("translation", "translation_language")),
    *(
        f"ALTER TABLE sessions DROP COLUMN {name}"
        for name in ("merged", "recognized", "unfinished", "notes")
    ),
)
"""What the first version of the tables did not have."""
