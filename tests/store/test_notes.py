"""What another server was told of the speakers of a session reaches the one that runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.events import SpeakerNamed, SpeakerSeparated, SpeakersMerged
from livestt.people import Told
from livestt.store import Asked, Entry, Store
from livestt.store.notes import MOST, noted, told_by
from livestt.store.recorder import Recorder
from livestt.transcript import Layout

from .conftest import AUDIO, Open, opening, tell, write
from .test_ownership import begin

LONG = timedelta(hours=1)
ADA, BOB, SAME = SpeakerNamed(1, "Ada"), SpeakerNamed(1, "Bob"), SpeakersMerged(2, 1)
SPEAKER = st.integers(1, 64)


@given(
    st.lists(
        st.builds(SpeakerNamed, SPEAKER, st.text(max_size=9))
        | st.builds(SpeakersMerged, SPEAKER, SPEAKER)
        | st.builds(SpeakerSeparated, SPEAKER),
        max_size=30,
    )
)
def test_notes_say_what_was_said_in_order(told: list[Told]) -> None:
    assert told_by(noted(noted([], told[:3]), told[3:])) == told


def test_only_so_many_wait() -> None:
    told = [SpeakerNamed(1, str(n)) for n in range(MOST + 5)]
    assert told_by(noted([], told)) == told[5:]


class Heard:
    """What the server with this store is told."""

    def __init__(self, store: Store) -> None:
        self.told: list[Mapping[str, Sequence[Told]]] = []
        self._store = store
        store.listen(lambda _: None, self.told.append)

    def look(self) -> list[Mapping[str, Sequence[Told]]]:
        """The news since the last look."""
        self._store._writer._touch()
        told, self.told[:] = list(self.told), []
        return told


@pytest.fixture
def two(open_store: Open) -> tuple[Store, Store]:
    return open_store(), open_store()


def test_the_server_that_runs_a_session_is_told_once_and_in_order(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    tell(mine, "b", "goes on", ended=False)
    heard = Heard(mine)
    other.edit("a", "Monday")
    assert heard.look() == [], "a title is nothing to those who read along"
    other.edit("a", told=[ADA])
    other.edit("a", told=[SAME])
    assert heard.look() == [{"a": [ADA, SAME]}]
    assert heard.look() == []
    assert mine.get("a").speakers == {1: "Ada"}


def test_it_is_not_told_what_it_was_told_itself(store: Store) -> None:
    begin(store)
    heard = Heard(store)
    store.edit("a", told=[ADA], epoch=1)
    assert heard.look() == []


def told_here(*told: Told) -> Entry:
    """What the session that `begin` began stores when its own server is told this."""
    recorder = Recorder(Layout(), opening("a"))
    recorder.open()
    entry = recorder.take(told)
    assert entry is not None
    return replace(entry, first=3, next_line=1)


def test_who_is_told_last_is_believed_wherever_the_notes_are(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    heard = Heard(mine)
    other.edit("a", told=[ADA])
    write(mine, told_here(BOB))
    assert mine.get("a").speakers == {1: "Bob"}
    assert heard.look() == [{"a": [ADA, BOB]}], "who reads along is told in the same order"
    write(mine, told_here(BOB))
    other.edit("a", told=[ADA])
    assert heard.look() == [{"a": [ADA]}]


def test_who_says_again_what_another_server_contradicted_is_believed(
    two: tuple[Store, Store],
) -> None:
    mine, other = two
    begin(mine)
    mine.edit("a", told=[BOB], epoch=1)
    other.edit("a", told=[ADA, SAME])
    write(mine, replace(told_here(BOB), names=()))
    assert mine.get("a").speakers == {1: "Bob"}
    assert mine.get("a").merged == {2: 1}


def test_what_notes_say_is_not_written_again() -> None:
    """The row may have something newer by then."""
    recorder = Recorder(Layout(), opening("a"))
    recorder.open()
    assert recorder.take(told_by(noted([], [ADA, SAME]))) is None
    entry = recorder.take([BOB, *told_by(noted([], [SpeakerNamed(3, "Cleo")]))])
    assert entry is not None
    assert (entry.names, entry.merged, entry.told) == (((1, "Bob"),), (), (BOB,))


def test_a_server_that_lost_the_session_leaves_a_note_for_the_one_that_has_it(
    two: tuple[Store, Store],
) -> None:
    mine, other = two
    begin(mine)
    assert other.reopen(Asked("a", AUDIO), LONG, 0) is not None
    write(other, Entry("a", 2, 3, next_line=1))
    heard = Heard(other)
    mine.edit("a", told=[ADA], epoch=1)
    assert heard.look() == [{"a": [ADA]}]


def test_who_takes_a_session_over_knows_it_already(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    mine.edit("a", told=[ADA])
    resumed = other.reopen(Asked("a", AUDIO), LONG, 0)
    assert resumed is not None
    assert resumed.row.speakers == {1: "Ada"}
    write(other, Entry("a", 2, 3, next_line=1))
    assert Heard(other).look() == []


def test_nobody_is_left_a_note_about_what_is_over(store: Store) -> None:
    tell(store, "a", "one two")
    store.edit("a", told=[ADA])
    assert store.get("a").notes == ()
