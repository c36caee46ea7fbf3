"""Whose words are these: the published examples, the rules, and the law of streaming."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livestt.events import Attributed, Voice, Word
from livestt.speakers.alignment import Alignment, AlignmentOptions
from livestt.speakers.turns import TurnOptions, Turns

UNIT = 1600
"""Samples of a character in the pictures: a word each, or the full stop that ends the last."""
OPTIONS = AlignmentOptions(snap=5 * UNIT, pause=4 * UNIT, reach=6 * UNIT, patience=10**6)
EXACT = TurnOptions(onset=0.5, offset=0.5, min_turn=1, min_gap=1)


def words(picture: str, start: int = 0) -> list[Word]:
    """``_`` is a word, ``.`` a word that ends a sentence, space is none."""
    return [
        Word(f" {c}", (start + i) * UNIT, (start + i + 1) * UNIT)
        for i, c in enumerate(picture)
        if c != " "
    ]


class Talk:
    """A session in pictures: words and activity come in, speakers come out."""

    def __init__(self, options: AlignmentOptions = OPTIONS) -> None:
        self.alignment = Alignment(options)
        self.turns = Turns(EXACT)
        self.speakers: list[Voice] = []
        self.corrections = 0
        self.committed = 0
        self.at = 0

    def hear(self, spoken: str, *active: str) -> None:
        """More words, and the activity of each speaker up to the same time or another."""
        self.words(spoken)
        self.activity(*active)
        self.decide()

    def words(self, spoken: str) -> None:
        self.alignment.receive(words(spoken, self.committed // UNIT))
        self.committed += len(spoken) * UNIT

    def activity(self, *active: str) -> None:
        frames = np.array([[c == "#" for c in row] for row in active], np.float32).T
        self.turns.receive(frames, self.turns.known, UNIT)

    def decide(self, *, finished: bool = False) -> None:
        if finished:
            self.turns.finish()
        self.take(
            self.alignment.decide(self.turns, self.committed, self.committed, finished=finished)
        )

    def take(self, said: list[Attributed]) -> None:
        for attributed in said:
            assert attributed.first <= len(self.speakers), "no word is passed over"
            self.corrections += len(self.speakers) - attributed.first
            self.speakers[attributed.first :] = attributed.voices

    def picture(self) -> str:
        return "".join(str(voice.speaker or "?") for voice in self.speakers)


class TestExamples:
    """Words and speaker changes that come at different times, in two steps each."""

    def test_the_sentence_ends_before_the_change(self) -> None:
        talk = Talk()
        talk.hear("__", "##", "..")
        assert (talk.picture(), talk.alignment.waiting) == ("11", 0)
        talk.hear("_______.__________________!____", "#" * 12 + "." * 19, "." * 12 + "#" * 19)
        talk.decide(finished=True)
        assert talk.picture() == "1" * 10 + "2" * 23

    def test_the_change_was_known_before_the_sentence_ended(self) -> None:
        talk = Talk()
        talk.hear("_____", "###..", "...##")
        assert (talk.picture(), talk.alignment.waiting) == ("111", 2)
        talk.hear("__.___________", "." * 14, "#" * 14)
        talk.decide(finished=True)
        assert talk.picture() == "1" * 8 + "2" * 11

    def test_the_sentence_had_ended_before_the_change_was_known(self) -> None:
        talk = Talk()
        talk.hear("___.__", "######", "......")
        assert (talk.picture(), talk.alignment.waiting) == ("1111", 2)
        talk.hear("__________", "##........", "..########")
        talk.decide(finished=True)
        assert talk.picture() == "1111" + "2" * 12


class TestRules:
    def test_a_word_is_whose_who_is_heard_longest(self) -> None:
        talk = Talk()
        talk.alignment.receive([Word(" a", 0, 10 * UNIT), Word(" b", 10 * UNIT, 20 * UNIT)])
        talk.activity("####...............", "....###############")
        talk.decide(finished=True)
        assert talk.picture() == "22"

    def test_a_tie_goes_to_who_spoke_before(self) -> None:
        talk = Talk()
        talk.alignment.receive([Word(" a", 0, 4 * UNIT), Word(" b", 4 * UNIT, 8 * UNIT)])
        talk.activity("......##", "########")
        talk.alignment.receive([Word(" c", 8 * UNIT, 10 * UNIT)])
        talk.activity("##", "##")
        talk.decide(finished=True)
        assert [voice.speaker for voice in talk.speakers] == [1, 1, 1]

    def test_overlap_is_told(self) -> None:
        talk = Talk()
        talk.hear("________", "########", "....####")
        talk.decide(finished=True)
        assert talk.speakers[3] == Voice(1, ())
        assert talk.speakers[6] == Voice(1, (2,))

    def test_a_word_beside_a_turn_belongs_to_it(self) -> None:
        talk = Talk()
        talk.hear("__        ", "..####....")
        talk.decide(finished=True)
        assert talk.picture() == "11"

    def test_a_word_far_from_any_turn_is_nobodys(self) -> None:
        talk = Talk()
        talk.hear("_" + " " * 20 + "_", "#" + "." * 21)
        talk.decide(finished=True)
        assert talk.picture() == "1?"

    def test_a_change_far_from_any_sentence_end_splits_the_sentence(self) -> None:
        talk = Talk()
        talk.hear("_" * 20, "#" * 10 + "." * 10, "." * 10 + "#" * 10)
        talk.decide(finished=True)
        assert talk.picture() == "1" * 10 + "2" * 10

    def test_an_answer_between_two_sentences_survives(self) -> None:
        talk = Talk()
        talk.hear("____?_.____", "#####..####", ".....##....")
        talk.decide(finished=True)
        assert talk.picture() == "11111221111"

    def test_a_word_stretched_over_the_pause_before_it_counts_as_short(self) -> None:
        talk = Talk()
        talk.alignment.receive([*words("___."), Word(" The", 5 * UNIT, 14 * UNIT)])
        talk.alignment.receive(words("_____", 14))
        talk.activity("########...........", ".............######")
        talk.decide(finished=True)
        assert talk.picture() == "1111" + "2" * 6

    def test_after_a_pause_a_change_stays_where_it_is(self) -> None:
        talk = Talk()
        talk.hear("___.__      ____", "######..........", "............####")
        talk.decide(finished=True)
        assert talk.picture() == "1111112222"


class TestPatience:
    def test_after_it_words_are_nobodys_and_are_corrected_later(self) -> None:
        talk = Talk(AlignmentOptions(patience=5 * UNIT))
        talk.hear("_" * 10)
        assert talk.picture() == "????"
        talk.activity("#" * 20)
        talk.decide(finished=True)
        assert talk.picture() == "1" * 10
        assert talk.corrections == 4

    def test_what_nobody_said_after_all_is_not_said_again(self) -> None:
        talk = Talk(AlignmentOptions(patience=5 * UNIT))
        talk.hear("_" * 10)
        talk.activity("." * 20)
        talk.decide(finished=True)
        assert (talk.picture(), talk.corrections) == ("?" * 10, 0)


pictures = st.text("_____.  ", min_size=1, max_size=60)
actives = st.lists(st.text("###.", min_size=60, max_size=60), min_size=1, max_size=3)


@given(pictures, actives, st.sampled_from([UNIT // 2, 10 * UNIT]), st.data())
def test_what_is_said_does_not_depend_on_when_things_arrive(
    spoken: str, active: list[str], longest: int, data: st.DataObject
) -> None:
    options = replace(OPTIONS, longest=longest)
    whole = Talk(options)
    whole.hear(spoken, *active)
    whole.decide(finished=True)
    pieces = Talk(options)
    said = heard = 0
    while said < len(spoken) or heard < 60:
        if said < len(spoken) and (heard == 60 or data.draw(st.booleans())):
            more = data.draw(st.integers(1, 20))
            pieces.words(spoken[said : said + more])
            said += more
        else:
            more = data.draw(st.integers(1, 20))
            pieces.activity(*(row[heard : heard + more] for row in active))
            heard += more
        pieces.decide()
    pieces.decide(finished=True)
    assert pieces.speakers == whole.speakers
    assert pieces.corrections == 0
