"""Speakers are stored as they come: after the words, corrected, named and merged."""

from __future__ import annotations

from datetime import timedelta

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakerSeparated,
    SpeakersMerged,
    Voice,
)
from livestt.store import Asked, Resumed, Store
from livestt.store.recorder import Recorder
from livestt.store.resuming import resumed_view
from livestt.transcript import Layout

from .conftest import AUDIO, Open, opening, words, write


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


NOW = timedelta(seconds=-1)
ANN = SpeakerRecognized(1, "Ann", "v_ann", 0.8)
SAID = [Diarized(0), Committed(words("one two three")), whose(0, 1, 2, 3)]


def speakers_of(store: Store) -> list[int | None]:
    return [word.speaker for segment in store.read("a").segments for word in segment.words]


def reopened(store: Store) -> Resumed:
    resumed = store.reopen(Asked("a", AUDIO), timedelta(hours=1), 1 << 40)
    assert resumed is not None
    return resumed


def test_an_ended_session_can_be_merged_and_taken_apart(store: Store) -> None:
    keep(store, SAID, [SpeakerNamed(2, "Bob"), Ended(9)])
    row = store.edit("a", told=[SpeakersMerged(2, 1), SpeakersMerged(3, 1)])
    assert (row.merged, row.speakers) == ({2: 1, 3: 1}, {1: "Bob"})
    assert speakers_of(store) == [1, 1, 1]
    assert {segment.speaker for segment in store.read("a").segments} == {1}
    row = store.edit("a", told=[SpeakerSeparated(1), SpeakersMerged(3, 1)])
    assert row.merged == {3: 1}
    assert speakers_of(store) == [1, 2, 1]


def test_who_was_merged_is_so_after_a_restart_and_can_be_taken_apart(store: Store) -> None:
    keep(store, SAID, [SpeakersMerged(2, 1)])
    resumed = reopened(store)
    assert resumed.speakers == 3
    view = resumed_view(Layout(), resumed)
    assert dict(view.people.same) == {2: 1}
    assert [word.speaker for s in view.segments for word in s.words] == [1, 1]
    recorder = Recorder(Layout(), resumed=resumed)
    entry = recorder.take([SpeakerSeparated(1), Ended(9)])
    assert entry is not None
    write(store, entry)
    assert speakers_of(store) == [1, 2, 3]


def test_lines_that_were_open_when_the_server_died_are_merged_too(
    store: Store, open_store: Open
) -> None:
    said = [(1, "one"), (2, "two"), (2, "three four")]
    keep(store, SAID, [SpeakersMerged(3, 2), Committed(words("four", 3)), whose(3, 2)])
    assert [(s.speaker, s.text) for s in store.read("a").segments] == said
    open_store().sweep(NOW, None)
    assert [(s.speaker, s.text) for s in store.read("a").segments] == said
    store.edit("a", told=[SpeakerSeparated(2)])
    assert speakers_of(store) == [1, 2, 3, 2]


def test_a_recognised_name_is_known_as_such_after_a_restart(store: Store) -> None:
    keep(store, SAID, [ANN, SpeakerRecognized(2, "Bea", "v_bea", 0.7), SpeakerNamed(2, "Bob")])
    people = resumed_view(Layout(), reopened(store)).people
    assert dict(people.names) == {1: "Ann", 2: "Bob"}
    assert people.recognized == {1: ANN}
    assert dict(people.alike) == {1: ANN, 2: SpeakerRecognized(2, "Bea", "v_bea", 0.7)}
    assert store.edit("a", told=[SpeakerNamed(1, "Ann")]).recognized == {}, "by hand, now"


def test_a_recognised_name_that_was_refused_does_not_come_back(store: Store) -> None:
    keep(store, SAID, [ANN], [SpeakerNamed(1, "")])
    assert (store.get("a").speakers, store.get("a").overruled) == ({}, {1: ANN})
    people = resumed_view(Layout(), reopened(store)).people
    people.apply(ANN)
    assert people.names == {}
    assert store.edit("a", told=[SpeakerNamed(2, "Bob")]).overruled == {1: ANN}


def test_whom_a_speaker_sounded_like_is_forgotten_at_the_end(store: Store) -> None:
    keep(store, SAID, [ANN], [Ended(9)])
    assert (store.get("a").speakers, store.get("a").recognized) == ({1: "Ann"}, {})


def test_also_where_nobody_came_back(store: Store, open_store: Open) -> None:
    keep(store, SAID, [ANN])
    assert store.get("a").recognized == {1: ANN}
    open_store().sweep(NOW, None)
    assert (store.get("a").speakers, store.get("a").recognized) == ({1: "Ann"}, {})


def test_a_name_that_was_taken_back_is_gone(store: Store) -> None:
    keep(store, SAID, [ANN], [SpeakerRecognized(1, "", "", 0.0)])
    assert (store.get("a").speakers, store.get("a").recognized) == ({}, {})


def test_a_session_and_a_reader_who_merge_the_same_two_at_once(store: Store) -> None:
    """Neither knows yet what the other says; whoever is read is one of the two, not the other."""
    recorder = Recorder(Layout(), opening("a"))
    first = recorder.open()
    said = recorder.take(SAID)
    merged = recorder.take([SpeakersMerged(1, 2)])
    assert first is not None
    assert said is not None
    assert merged is not None
    write(store, first)
    write(store, said)
    store.edit("a", told=[SpeakersMerged(2, 1)])
    write(store, merged)
    one, two, three = speakers_of(store)
    assert one == two != three
    assert set(store.get("a").merged.values()).isdisjoint(store.get("a").merged)


def test_a_session_merges_a_person_whom_a_reader_has_merged(store: Store) -> None:
    recorder = Recorder(Layout(), opening("a"))
    for entry in (recorder.open(), recorder.take(SAID)):
        assert entry is not None
        write(store, entry)
    store.edit("a", told=[SpeakersMerged(2, 1)])
    merged = recorder.take([SpeakersMerged(1, 3)])
    assert merged is not None
    write(store, merged)
    assert speakers_of(store) == [3, 3, 3]
