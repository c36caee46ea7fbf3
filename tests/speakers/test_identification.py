"""Speakers known by their voice: split, joined again, named, and never against a human's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Warned,
    Word,
)
from livestt.speakers.clean_speech import CleanSpeech, Piece
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.identification import Identification, IdentificationOptions
from livestt.speakers.profiles import Profile, recognised
from livestt.speakers.turns import Turns
from livestt.timebase import from_seconds
from livestt.transcript import Transcript

from .choir import RATE, Choir, sound_of, sung

FRAME = 1280
OPTIONS = IdentificationOptions(threshold=0.7, least=from_seconds(2))


@dataclass
class Say:
    """Somebody speaks on a channel of the diarizer."""

    channel: int
    voice: int
    seconds: float
    over: int | None = None
    """Another channel that speaks at the same time."""


@dataclass
class Rig:
    """A stage between a script and a transcript; a word a second."""

    voices: Identification
    choir: Choir = field(default_factory=Choir)
    turns: Turns = field(default_factory=Turns)
    transcript: Transcript = field(default_factory=Transcript)
    events: list[Event] = field(default_factory=list)
    words: int = 0

    def __post_init__(self) -> None:
        self.tell([Diarized(0)])

    def tell(self, events: Sequence[Event]) -> None:
        said = self.voices.follow(events, self.turns)
        self.transcript.apply(said)
        self.events += said

    def hear(self, *script: Say) -> Rig:
        for say in script:
            frames = round(say.seconds * RATE / FRAME)
            activity = np.zeros((frames, 4), np.float32)
            activity[:, say.channel] = 1.0
            if say.over is not None:
                activity[:, say.over] = 1.0
            start = self.turns.known
            self.voices.receive_audio(sung(say.voice, frames * FRAME / RATE))
            self.turns.receive(activity, start, FRAME)
            self.say(say.channel + 1, start, self.turns.known)
            self.voices.receive_audio(np.zeros(8 * FRAME, np.float32))
            self.turns.skip(self.turns.known + 8 * FRAME)
            self.tell(self.turns.take())
            self.answer()
        return self

    def say(self, speaker: int, start: int, end: int) -> None:
        words = [Word(" x", at, at + RATE // 2) for at in range(start, end - RATE // 2, RATE)]
        first, self.words = self.words, self.words + len(words)
        voices = (Voice(speaker),) * len(words)
        self.tell([Committed(tuple(words)), Attributed(first, voices)])

    def answer(self) -> None:
        while (job := self.voices.next_job()) is not None:
            self.voices.receive_embedding(job, self.choir.run([job])[0])
            self.tell([])

    @property
    def people(self) -> list[int | None]:
        """Whose the words are, by run."""
        closed = [word for segment in self.transcript.segments for word in segment.words]
        speakers = [word.speaker for word in [*closed, *self.transcript.growing]]
        return [s for i, s in enumerate(speakers) if i == 0 or s != speakers[i - 1]]

    @property
    def names(self) -> dict[int, str]:
        return dict(self.transcript.people.names)


def rig(options: IdentificationOptions = OPTIONS, *known: Profile) -> Rig:
    return Rig(Identification(options, lambda: known))


def ann(voice: int, name: str = "Ann") -> Profile:
    return Profile(f"v_{name}", name, sound_of(voice))


class TestPeople:
    def test_channels_that_are_what_they_seem_change_nothing(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(1, 2, 4), Say(0, 1, 4), Say(1, 2, 4))
        assert heard.people == [1, 2, 1, 2]
        assert sorted(heard.voices.voices) == [1, 2]

    def test_a_channel_given_to_somebody_new_is_a_new_speaker(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(1, 2, 4), Say(0, 3, 4), Say(1, 2, 4), Say(0, 3, 4))
        assert heard.people == [1, 2, 3, 2, 3]

    def test_more_voices_than_channels(self) -> None:
        script = [Say(i % 4, i + 1, 4) for i in range(9)]
        assert rig().hear(*script).people == list(range(1, 10))

    def test_whoever_comes_back_on_another_channel_keeps_the_number(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(1, 2, 4), Say(2, 1, 4), Say(3, 5, 4))
        assert heard.people == [1, 2, 1, 3], "and the number that was not needed is free again"

    def test_somebody_takes_turns_on_a_channel_with_another(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(0, 2, 4), Say(0, 1, 4), Say(0, 2, 4))
        assert heard.people == [1, 2, 1, 2]

    def test_two_people_in_one_turn_are_told_apart(self) -> None:
        heard = rig()
        heard.voices.receive_audio(np.concatenate([sung(1, 8.0), sung(2, 8.0)]))
        heard.turns.receive(np.ones((200, 1), np.float32), 0, FRAME)
        heard.say(1, 0, 16 * RATE)
        heard.answer()
        assert heard.people == [1, 2]

    def test_no_more_people_than_there_may_be(self) -> None:
        options = IdentificationOptions(0.7, from_seconds(2), max_speakers=2)
        heard = rig(options).hear(Say(0, 1, 4), Say(1, 2, 4), Say(0, 3, 4))
        assert heard.people == [1, 2, 1]

    def test_too_little_speech_changes_nothing(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(0, 2, 1.4), Say(0, 1, 4))
        assert heard.people == [1]

    def test_what_two_say_at_once_is_not_listened_to(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(0, 2, 4, over=1))
        assert heard.people == [1]
        assert len(heard.choir.heard) == 1

    def test_short_turns_are_put_together(self) -> None:
        heard = rig().hear(*[Say(0, 1, 0.8), Say(1, 2, 0.8)] * 5)
        assert sorted(heard.voices.voices) == [1, 2]
        assert heard.people == [1, 2] * 5

    def test_former_voices_get_their_former_numbers(self) -> None:
        before = {1: HeardVoice.of(sound_of(5), RATE), 2: HeardVoice.of(sound_of(6), RATE)}
        options = IdentificationOptions(0.7, from_seconds(2), before=before)
        heard = rig(options).hear(Say(0, 6, 4), Say(1, 7, 4), Say(2, 5, 4))
        assert heard.people == [2, 3, 1]

    def test_two_speakers_named_by_hand_are_never_joined(self) -> None:
        heard = rig().hear(Say(0, 1, 4), Say(1, 1, 1.0))
        for number, name in ((1, "Ann"), (2, "Bea")):
            heard.voices.tell(SpeakerNamed(number, name))
        heard.hear(Say(1, 1, 4))
        assert heard.people == [1, 2]


class TestNames:
    def test_a_speaker_who_sounds_like_a_profile_gets_its_name(self) -> None:
        heard = rig(OPTIONS, ann(2)).hear(Say(0, 1, 4), Say(1, 2, 4))
        assert heard.names == {2: "Ann"}
        assert heard.transcript.people.recognized[2].voice == "v_Ann"

    @pytest.mark.parametrize("name", ["Bea", ""])
    def test_a_name_by_hand_counts_more(self, name: str) -> None:
        heard = rig(OPTIONS, ann(1)).hear(Say(0, 1, 1))
        heard.transcript.apply([SpeakerNamed(1, name)])
        heard.hear(Say(0, 1, 4))
        assert heard.names == ({1: name} if name else {})
        assert not heard.transcript.people.recognized

    def test_one_profile_is_one_speaker(self) -> None:
        far = IdentificationOptions(0.7, from_seconds(2))
        heard = rig(far, Profile("v", "Ann", (sound_of(1) + sound_of(2)) / np.sqrt(2)))
        heard.hear(Say(0, 1, 4), Say(1, 2, 4))
        assert heard.names == {1: "Ann"}

    def test_unless_somebody_says_that_two_are_one(self) -> None:
        heard = rig(OPTIONS, ann(2)).hear(Say(0, 1, 4), Say(1, 2, 8))
        merge = SpeakersMerged(2, 1)
        heard.voices.tell(merge)
        heard.transcript.apply([merge])
        heard.tell([])
        assert heard.names == {1: "Ann"}

    def test_who_is_taken_apart_has_the_own_name_again(self) -> None:
        """Whoever speaks for the session says first that it was so, and then what follows."""
        heard = rig(OPTIONS, ann(1), ann(2, "Bea")).hear(Say(0, 1, 4), Say(1, 2, 8))
        for event, names in (
            (SpeakersMerged(2, 1), {1: "Bea"}),
            (SpeakerSeparated(1), {1: "Ann", 2: "Bea"}),
        ):
            heard.transcript.apply([event])
            heard.voices.tell(event)
            heard.tell([])
            assert heard.names == names

    def test_profiles_that_come_later_are_known_from_then_on(self) -> None:
        known: list[Profile] = []
        heard = Rig(Identification(OPTIONS, lambda: known)).hear(Say(0, 1, 4))
        assert heard.names == {}
        known.append(ann(1))
        assert heard.hear(Say(0, 1, 4)).names == {1: "Ann"}
        known.clear()
        assert heard.hear(Say(0, 1, 4)).names == {}

    def test_a_name_is_said_once(self) -> None:
        heard = rig(OPTIONS, ann(1)).hear(*[Say(0, 1, 6)] * 3)
        assert sum(isinstance(event, SpeakerRecognized) for event in heard.events) == 1


class TestGoingOn:
    """In another process, which knows what was said in the first."""

    BEFORE = IdentificationOptions(
        0.7,
        from_seconds(2),
        people=2,
        before={
            1: HeardVoice.of(sound_of(1), from_seconds(4)),
            2: HeardVoice.of(sound_of(2), from_seconds(4)),
        },
        told=(SpeakerRecognized(1, "Ann", "v_ann", 0.9), SpeakersMerged(3, 2)),
    )

    def begun(self, *profiles: Profile) -> Rig:
        heard = rig(self.BEFORE, *profiles)
        heard.transcript.apply(self.BEFORE.told)
        return heard

    def test_a_recognised_name_stays_without_being_said_again(self) -> None:
        heard = self.begun(Profile("v_ann", "Ann", sound_of(1))).hear(Say(0, 2, 4))
        assert heard.names == {1: "Ann"}
        assert not any(isinstance(event, SpeakerRecognized) for event in heard.events)

    def test_and_is_taken_back_where_it_does_not_hold(self) -> None:
        assert self.begun().hear(Say(0, 2, 4)).names == {}, "the profile was deleted"
        other = Profile("v_ann", "Ann", sound_of(2))
        assert self.begun(other).hear(Say(0, 2, 4)).names == {2: "Ann"}

    def test_a_name_of_whom_nothing_is_known_here_stays(self) -> None:
        """Another embedder heard the first half."""
        blind = replace(self.BEFORE, before={})
        heard = rig(blind)
        heard.transcript.apply(blind.told)
        assert heard.hear(Say(0, 2, 4)).names == {1: "Ann"}

    def test_merged_voices_are_one_person(self) -> None:
        told = (*self.BEFORE.told, SpeakersMerged(2, 1))
        voices = Identification(replace(self.BEFORE, told=told))
        one, two = voices.voice(1), voices.voice(2)
        assert one is not None
        assert two is not None
        assert one.samples == two.samples == from_seconds(8)


class TestEnds:
    def test_the_last_event_waits_for_the_last_answer(self) -> None:
        heard = rig()
        heard.voices.receive_audio(sung(1, 4.0))
        heard.turns.receive(np.ones((50, 1), np.float32), 0, FRAME)
        heard.tell([])
        heard.tell([Ended(64_000)])
        assert not heard.voices.done
        heard.answer()
        assert heard.voices.done
        assert heard.events[-1] == Ended(64_000)

    def test_an_embedder_that_fails_costs_only_the_names(self) -> None:
        heard = rig()
        heard.voices.receive_audio(sung(1, 20.0))
        heard.turns.receive(np.ones((250, 1), np.float32), 0, FRAME)
        heard.tell([])
        while (job := heard.voices.next_job()) is not None:
            heard.voices.receive_failure(job, "it was told to fail")
        heard.say(1, 0, 64_000)
        heard.tell([Ended(64_000)])
        assert any(isinstance(event, Warned) for event in heard.events)
        assert heard.voices.reached is None, "nobody needs the turns any more"
        assert heard.people == [1]
        assert heard.voices.done


def gathered(pieces: Sequence[Piece]) -> list[tuple[int, int, int, int]]:
    return [(piece.channel, piece.start, piece.end, piece.samples) for piece in pieces]


@given(
    script=st.lists(st.tuples(st.integers(0, 2), st.integers(2, 60)), min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 200), max_size=12),
)
def test_pieces_do_not_depend_on_how_activity_comes(
    script: list[tuple[int, int]], cuts: list[int]
) -> None:
    rows = [np.eye(3, dtype=np.float32)[[channel] * frames] for channel, frames in script]
    activity = np.concatenate(rows)
    audio = np.arange(len(activity) * FRAME, dtype=np.float32)

    def pieces(edges: list[int]) -> list[Piece]:
        clean, turns, found = CleanSpeech(from_seconds(2)), Turns(), []
        clean.receive_audio(audio)
        for start, end in pairwise(edges):
            turns.receive(activity[start:end], start * FRAME, FRAME)
            found += clean.gather(turns)
        turns.finish()
        return [*found, *clean.gather(turns)]

    total = len(activity)
    whole = pieces([0, total])
    edges = sorted({0, total, *(cut for cut in cuts if cut < total)})
    by_channel = lambda found: sorted(gathered(found))  # noqa: E731
    assert by_channel(pieces(edges)) == by_channel(whole)
    for piece in whole:
        assert piece.samples >= from_seconds(2)
        assert np.isin(piece.audio, audio[piece.start : piece.end]).all()


def test_nobody_is_two_profiles_and_no_profile_two_people() -> None:
    heard = {1: sound_of(1), 2: (sound_of(1) + 0.2 * sound_of(2)).astype(np.float32)}
    found = recognised(heard, [ann(1), ann(2, "Bea")], 0.1, {})
    assert {n: likeness.profile.name for n, likeness in found.items()} == {1: "Ann", 2: "Bea"}
