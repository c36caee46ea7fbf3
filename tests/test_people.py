"""Names, recognised names and merged speakers, as a fold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livestt.events import (
    Event,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakerSeparated,
    SpeakersMerged,
)
from livestt.people import People, regrouped

speakers = st.integers(1, 5)
names = st.sampled_from(["", "Ann", "Bea"])
events = st.one_of(
    st.builds(SpeakerNamed, speakers, names),
    st.builds(SpeakerRecognized, speakers, names, st.sampled_from(["v1", "v2"]), st.just(0.8)),
    st.builds(SpeakersMerged, speakers, speakers),
    st.builds(SpeakerSeparated, speakers),
)
histories = st.lists(events, max_size=12)


def known(people: People) -> tuple[object, ...]:
    return dict(people.names), dict(people.same), people.recognized


@given(histories)
def test_what_is_told_again_is_known_again(history: list[Event]) -> None:
    people = People(history)
    again = People(people.told)
    assert known(again) == known(people)
    assert again.alike.keys() == people.alike.keys()


@given(histories, speakers, st.one_of(speakers, st.none()))
def test_speakers_are_who_they_are_wanted_to_be(
    history: list[Event], speaker: int, into: int | None
) -> None:
    people = People(history)
    person = people.person(into)
    before = {one: people.person(one) for one in range(1, 6)}
    for event in regrouped(history, {speaker: into}):
        people.apply(event)
    assert people.person(speaker) == (person or speaker)
    joined = [one for one in before if before[one] == speaker != one]
    for one in before.keys() - {speaker, *joined}:
        assert people.person(one) == before[one], "nobody else moves"
    for one in joined:
        assert people.person(one) in (speaker, people.person(speaker)), "who was one stays one"


def test_only_what_changes_is_said() -> None:
    history = [SpeakersMerged(2, 1), SpeakersMerged(3, 1)]
    assert regrouped(history, {2: 1, 4: None}) == []
    assert regrouped(history, {2: None}) == [SpeakerSeparated(1), SpeakersMerged(3, 1)]
    assert regrouped(history, {2: 5}) == [
        SpeakerSeparated(1),
        SpeakersMerged(3, 1),
        SpeakersMerged(2, 5),
    ]


def test_a_recognised_name_goes_with_its_person() -> None:
    people = People([SpeakerRecognized(2, "Ann", "v1", 0.8), SpeakersMerged(2, 1)])
    assert people.names == {1: "Ann"}
    assert people.recognized[1].speaker == 1


@given(histories, speakers, speakers)
def test_a_name_stays_where_two_become_one(history: list[Event], one: int, into: int) -> None:
    people = People(history)
    person, target = people.person(one), people.person(into)
    names = people.names
    people.apply(SpeakersMerged(one, into))
    assert people.person(one) == people.person(into) == target
    assert target is not None
    assert person is not None
    assert people.names.get(target) == names.get(target, names.get(person))
    people.apply(SpeakerNamed(one, ""))
    if person != target:
        assert people.names.get(target) == names.get(target, names.get(person))


def test_a_name_that_was_refused_does_not_come_back_with_a_merge() -> None:
    recognized = SpeakerRecognized(1, "Ann", "v1", 0.8)
    people = People([recognized, SpeakerNamed(1, ""), SpeakersMerged(2, 1)])
    assert people.names == {}
    assert people.alike == {1: recognized}
