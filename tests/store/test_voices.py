"""Voice profiles, voices of sessions and folders of recordings, in every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import text

from livestt.errors import LivesttError, NameTaken, UnknownVoice
from livestt.events import SpeakersMerged, VoiceHeard
from livestt.speakers.heard_voice import HeardVoice
from livestt.store import Entry, Store
from livestt.store.folders import Visit
from livestt.store.schema import MIGRATIONS, _add_people, prepare

from .conftest import Open, opening, tell, words, write

SOUND = np.array([0.6, 0.8], np.float32)
HEARD = HeardVoice.of(SOUND, 48_000)


def test_a_profile_comes_back_as_it_was_kept(store: Store) -> None:
    added = store.voices.add("ada", "Ann", HEARD, 2, "choir")
    other = store.voices.add("bob", "Ann", HEARD, 1, "choir")
    assert [voice.id for voice in store.voices.all()] == [added.id, other.id]
    kept = store.voices.all()[0]
    assert (kept.owner, kept.name, kept.samples, kept.model) == ("ada", "Ann", 2, "choir")
    assert kept.heard.samples == HEARD.samples
    assert kept.profile.embedding == pytest.approx(SOUND)
    assert store.voices.rename(added.id, "ada", "Annie").name == "Annie"
    for owner, name, error in (("bob", "Eve", UnknownVoice), ("ada", "Annie", None)):
        if error is None:
            assert store.voices.rename(added.id, owner, name).name == name
        else:
            with pytest.raises(error):
                store.voices.rename(added.id, owner, name)
    store.voices.delete(added.id, "ada")
    with pytest.raises(UnknownVoice):
        store.voices.delete(added.id, None)
    assert [voice.id for voice in store.voices.all()] == [other.id]


def test_a_name_is_given_once_also_by_two_at_the_same_moment(
    store: Store, open_store: Open
) -> None:
    def add(one: Store) -> LivesttError | None:
        try:
            one.voices.add("ada", "Ann", HEARD, 1, "choir")
        except LivesttError as error:
            return error
        return None

    with ThreadPoolExecutor() as pool:
        told = list(pool.map(add, [store, open_store()] * 4))
    assert told.count(None) == 1
    assert {type(error) for error in told if error} == {NameTaken}
    second = store.voices.add("ada", "Bea", HEARD, 1, "choir")
    with pytest.raises(NameTaken):
        store.voices.rename(second.id, "ada", "Ann")


def test_voices_of_a_session_are_kept_while_it_runs(store: Store, open_store: Open) -> None:
    heard = VoiceHeard(2, 32_000, HEARD.written(), "choir")
    write(store, Entry("a", 1, 0, words("one"), opening=opening("a"), heard=(heard,)))
    newer = VoiceHeard(2, 64_000, HEARD.written(), "choir")
    write(store, Entry("a", 1, 1, heard=(newer, VoiceHeard(3, 1, HEARD.written(), "other"))))
    found = open_store().voices.of_session("a", "choir")
    assert {number: voice.samples for number, voice in found.items()} == {2: 64_000}
    write(store, Entry("a", 1, 1, ended=True))
    assert store.voices.of_session("a", "choir") == {}


def test_a_folder_knows_its_store_and_an_older_copy_does_not(store: Store) -> None:
    first = store.folders.begin()
    second = store.folders.visit(first)
    assert second == Visit(first.folder, 2)
    assert store.folders.visit(Visit(first.folder, 3)) is None, "this store is the older copy"
    assert store.folders.visit(Visit("other", 1)) is None
    assert store.folders.visit(Visit(first.folder, 2)) == Visit(first.folder, 3)


def test_a_store_from_before_speakers_were_merged_gets_them(store: Store) -> None:
    tell(store, "a", "hello")
    before = MIGRATIONS.index(_add_people)
    with store._connections.engine.begin() as connection:
        for column in ("merged", "recognized"):
            connection.execute(text(f"ALTER TABLE sessions DROP COLUMN {column}"))
        connection.execute(text(f"UPDATE livestt SET version = {before + 1}"))
        prepare(connection, MIGRATIONS[: before + 1])
    assert (store.get("a").merged, store.get("a").recognized) == ({}, {})
    assert store.edit("a", told=[SpeakersMerged(2, 1)]).merged == {2: 1}
