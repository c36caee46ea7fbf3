"""Speakers are stored as they come: after the words, corrected, named and merged."""

from __future__ import annotations

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    SpeakerNamed,
    SpeakerSeparated,
    SpeakersMerged,
    Voice,
)
from livestt.store import Store
from livestt.store.recorder import Recorder
from livestt.transcript import Layout

from .conftest import opening, words, write


def keep(store: Store, *batches: list[Event]) -> None:
    recorder = Recorder(Layout(), opening("a"))
    opened = recorder.open()
    assert opened is not None
    write(store, opened)
    for batch in batches:
        entry = recorder.take(batch)
        if entry is not None:
            write(store, entry)


def whose(first: int, *speakers: int) -> Attributed:
    return Attributed(first, tuple(map(Voice, speakers)))


def test_speakers_come_after_the_words(store: Store) -> None:
    keep(store, [Diarized(0), Committed(words("one two three"))], [whose(0, 1, 1, 2)], [Ended(9)])
    said = [word for segment in store.read("a").segments for word in segment.words]
    assert [word.speaker for word in said] == [1, 1, 2]
    assert [segment.speaker for segment in store.read("a").segments] == [1, 2]


def test_what_is_corrected_is_stored_corrected(store: Store) -> None:
    keep(store, [Diarized(0), Committed(words("one two"))], [whose(0, 1, 1)], [whose(0, 2, 2)])
    assert {w.speaker for s in store.read("a").segments for w in s.words} == {2}


def test_names_and_merged_speakers_are_kept(store: Store) -> None:
    keep(
        store,
        [Diarized(0), Committed(words("one two three")), whose(0, 1, 2)],
        [SpeakerNamed(1, "Ada"), SpeakerNamed(2, "Bob"), SpeakerNamed(2, "")],
        [SpeakersMerged(2, 1)],
        [whose(2, 2), Ended(9)],
    )
    assert store.get("a").speakers == {1: "Ada"}
    assert {w.speaker for s in store.read("a").segments for w in s.words} == {1}


def test_separated_speakers_have_their_own_words_again(store: Store) -> None:
    keep(
        store,
        [Diarized(0), Committed(words("one two three four")), whose(0, 1, 2, 3)],
        [SpeakersMerged(2, 1), SpeakersMerged(3, 1)],
        [SpeakerSeparated(1), whose(3, 2), Ended(9)],
    )
    said = [word for segment in store.read("a").segments for word in segment.words]
    assert [word.speaker for word in said] == [1, 2, 3, 2]


def test_what_was_merged_and_separated_is_stored_in_that_order(store: Store) -> None:
    recorder = Recorder(Layout(), opening("a"))
    batches: list[list[Event]] = [
        [Diarized(0), Committed(words("one two three")), whose(0, 1, 2, 2)],
        [SpeakersMerged(2, 1)],
        [SpeakerSeparated(1)],
        [SpeakersMerged(1, 3), SpeakerSeparated(3), Ended(9)],
    ]
    entries = [recorder.open(), *map(recorder.take, batches)]
    *first, last = [entry for entry in entries if entry is not None]
    for entry in first:
        store.append(entry, lambda outcome: None)
    write(store, last)
    assert [w.speaker for s in store.read("a").segments for w in s.words] == [1, 2, 2]
