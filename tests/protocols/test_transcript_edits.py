"""What one change says of speakers: names, and who is the same person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.events import Event, SpeakerNamed, SpeakerSeparated, SpeakersMerged
from livestt.people import People
from livestt.protocols.transcript_edits import parse_edit

NAMED: list[Event] = [SpeakerNamed(1, "Ada"), SpeakerNamed(2, "Bob")]
MERGED: list[Event] = [SpeakerNamed(1, "Ada"), SpeakersMerged(2, 1)]

speakers = st.integers(1, 4)
names = st.sampled_from(["", "Ann", "Bea"])
events = st.one_of(
    st.builds(SpeakerNamed, speakers, names),
    st.builds(SpeakersMerged, speakers, speakers),
    st.builds(SpeakerSeparated, speakers),
)
histories = st.lists(events, max_size=8)


def after(known: list[Event], body: dict[str, object]) -> tuple[dict[int, str], dict[int, int]]:
    people = People([*known, *parse_edit(body).said_of(known)])
    return dict(people.names), dict(people.same)


@pytest.mark.parametrize("name", ["", "Bob", "Robert"])
@pytest.mark.parametrize("known", [NAMED, MERGED])
def test_the_name_of_who_stays_is_kept(known: list[Event], name: str) -> None:
    assert after(known, {"speakers": {"2": name}, "merged": {"2": 1}}) == ({1: "Ada"}, {2: 1})


def test_who_has_no_name_gets_that_of_the_other() -> None:
    bob: list[Event] = [SpeakerNamed(2, "Bob")]
    assert after(bob, {"merged": {"2": 1}}) == ({1: "Bob"}, {2: 1})
    assert after([], {"speakers": {"2": "Bob"}, "merged": {"2": 1}}) == ({1: "Bob"}, {2: 1})
    merged: list[Event] = [SpeakersMerged(2, 1)]
    assert after(merged, {"speakers": {"2": "Bob"}, "merged": {"2": 1}}) == ({1: "Bob"}, {2: 1})


def test_who_is_taken_apart_can_be_named_at_once() -> None:
    both = {1: "Ada", 2: "Bob"}
    assert after(MERGED, {"speakers": {"2": "Bob"}, "merged": {"2": None}}) == (both, {})
    elsewhere = after(MERGED, {"speakers": {"2": "Bob"}, "merged": {"2": 3}})
    assert elsewhere == ({1: "Ada", 3: "Bob"}, {2: 3})


@given(histories, st.dictionaries(speakers.map(str), names), speakers, speakers)
def test_an_edit_that_comes_twice_says_the_same(
    history: list[Event], named: dict[str, str], one: int, into: int
) -> None:
    merged = {} if one == into else {str(one): into}
    edit = parse_edit({"speakers": named, "merged": merged})
    once = [*history, *edit.said_of(history)]
    people, again = People(once), People([*once, *edit.said_of(once)])
    assert (again.names, again.same) == (people.names, people.same)


@given(histories, names, speakers, speakers)
def test_a_name_of_who_is_merged_never_replaces_another(
    history: list[Event], name: str, one: int, into: int
) -> None:
    people = People(history)
    person = people.person(into)
    if one == into or person == one or person not in people.names:
        return
    edit = parse_edit({"speakers": {str(one): name}, "merged": {str(one): into}})
    merged = People([*history, *edit.said_of(history)])
    assert merged.person(one) == merged.person(into) == person
    assert merged.names[person] == people.names[person]
