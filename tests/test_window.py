from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from livestt.engines import MAX_PREFIX_TOKENS, MAX_WORD_TOKENS
from livestt.events import Word
from livestt.timebase import from_ms, from_seconds
from livestt.window import KEEP, MAX_HISTORY, TAIL, TRIM_BEYOND, Window

LIMIT = from_seconds(12)


def words(*spans: tuple[float, float], tokens: int = 0) -> list[Word]:
    return [
        Word(f" w{i}", from_seconds(a), from_seconds(b), tokens=tuple(range(tokens)))
        for i, (a, b) in enumerate(spans)
    ]


def texts(committed: list[Word]) -> list[str]:
    return [word.text for word in committed]


def begun(at: float = 0.0, limit: int = LIMIT) -> Window:
    window = Window(limit)
    window.begin(from_seconds(at))
    return window


class TestTrim:
    def test_a_little_committed_audio_stays(self) -> None:
        window = begun()
        window.commit(words((0, 1), (1, 2), (2, 3)))
        assert window.start == 0
        assert len(window.prefix) == 3

    def test_more_is_cut_between_two_words_and_the_newest_stay_as_prefix(self) -> None:
        window = begun()
        window.commit(words((0, 1), (1, 1.6), (2, 3.1)))
        assert texts(window.prefix) == [" w2"]
        assert texts(list(window.history)) == [" w0", " w1"]
        assert window.start == from_seconds(1.8)
        assert window.committed_end - window.start <= KEEP

    def test_tokens_bound_the_prefix_too(self) -> None:
        window = begun()
        window.commit(words((0, 0.2), (0.2, 0.4), (0.4, 0.6), tokens=4))
        assert texts(window.prefix) == [" w1", " w2"]

    def test_the_last_word_stays_though_it_has_more(self) -> None:
        """In Tamil or Georgian most words have; what is left of one would be heard as another."""
        window = begun()
        window.commit(words((0, 1), (1, 2), tokens=MAX_WORD_TOKENS))
        assert texts(window.prefix) == [" w1"]
        assert window.start == from_seconds(1)

    def test_one_word_of_too_many_tokens_goes(self) -> None:
        window = begun()
        window.commit(words((0, 1), tokens=MAX_WORD_TOKENS + 1))
        assert window.prefix == []
        assert window.start == from_seconds(1)

    def test_native_engines_keep_every_word(self) -> None:
        window = Window(LIMIT, trims=False)
        window.begin(0)
        window.commit(words(*((i, i + 1.0) for i in range(9)), tokens=5))
        assert len(window.prefix) == 9
        assert window.start == 0

    def test_an_utterance_that_is_over_becomes_context(self) -> None:
        window = begun()
        window.commit(words((0, 1)))
        window.finish()
        assert window.prefix == []
        assert texts(list(window.history)) == [" w0"]


class TestFresh:
    def test_overlap_and_disorder_are_straightened_out(self) -> None:
        window = begun(1.0)
        given = words((0.5, 1.5), (1.2, 1.4), (5, 9))
        fresh = window.fresh(given, end=from_seconds(6))
        assert [(w.start, w.end) for w in fresh] == [
            (from_seconds(1), from_seconds(1.5)),
            (from_seconds(1.5), from_seconds(1.5) + 1),
            (from_seconds(5), from_seconds(6)),
        ]

    @pytest.mark.parametrize("mark", [",", "…", ").", ""])
    def test_punctuation_of_a_committed_word_is_dropped(self, mark: str) -> None:
        window = begun()
        given = [Word(mark, 0, 10), Word(" next", 10, 20)]
        assert texts(list(window.fresh(given, 100))) == [mark, " next"]
        window.commit(words((0, 1)))
        assert texts(list(window.fresh(given, 100))) == [" next"]

    def test_words_without_a_space_are_no_punctuation(self) -> None:
        window = begun()
        window.commit(words((0, 1)))
        assert texts(list(window.fresh([Word("語", 0, 10)], 100))) == ["語"]

    @pytest.mark.parametrize("text", ["%", "#", "\u0e31", "\u0e35\u0e48", "€"])
    def test_what_is_said_is_no_punctuation(self, text: str) -> None:
        window = begun()
        window.commit(words((0, 1)))
        assert texts(list(window.fresh([Word(text, 0, 10)], 100))) == [text]

    def test_native_answers_repeat_what_is_committed(self) -> None:
        window = Window(LIMIT, trims=False)
        window.begin(0)
        said = words((0, 1), (1, 2), (2, 3))
        window.commit(said[:2])
        assert window.fresh(said, LIMIT) == tuple(said[2:])


class TestFull:
    def test_forced_are_the_words_before_the_tail(self) -> None:
        window = begun()
        assert window.forced(words((0, 1), (1, 11), (11, 11.5))) == 2
        assert window.forced(words((0, 11.5), (11.5, 12))) == 1
        assert window.forced(words((0, 12))) == 0
        assert window.forced([]) == 0

    def test_the_tail_of_a_short_window_is_half_of_it(self) -> None:
        assert begun(limit=from_seconds(1)).forced(words((0, 0.2), (0.2, 0.7), (0.7, 0.9))) == 1

    def test_it_moves_to_its_tail(self) -> None:
        window = begun()
        window.make_room(LIMIT, LIMIT)
        assert window.start == LIMIT - TAIL

    def test_it_moves_to_the_first_open_word_but_by_half_at_least(self) -> None:
        window = begun()
        window.make_room(LIMIT, from_seconds(10))
        assert window.start == from_seconds(10)
        window = begun()
        window.make_room(LIMIT, from_seconds(2))
        assert window.start == LIMIT // 2

    def test_it_does_not_move_if_it_is_not_full(self) -> None:
        window = begun()
        window.make_room(LIMIT - 1, 0)
        assert window.start == 0


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    kinds = st.sampled_from(["commit", "room", "next"])
    return draw(st.lists(st.tuples(kinds, st.integers(1, 40_000), st.integers(0, 14))))


@given(steps(), st.sampled_from([from_ms(100), from_ms(1_500), from_seconds(3), LIMIT]))
@example([("commit", 24_002, 0), ("commit", 23_999, 0)], LIMIT)
def test_laws(course: list[tuple[str, int, int]], limit: int) -> None:
    window = Window(limit)
    window.begin(0)
    said: list[Word] = []
    for kind, length, tokens in course:
        before, now = window.start, window.committed_end
        if kind == "commit":
            word = Word(f" {len(said)}", now, now + length, tokens=tuple(range(tokens)))
            said.append(word)
            window.commit([word])
            assert window.committed_end == word.end
            longest = max(word.end - word.start for word in said)
            assert window.committed_end - window.start <= max(TRIM_BEYOND, KEEP + longest)
        elif kind == "room":
            end = window.start + limit
            window.make_room(end, max(window.start, now))
            assert window.start > before, "a full window must move"
            assert not window.full_at(end)
            window.committed_end = max(window.committed_end, window.start)
        else:
            window.finish()
            window.begin(max(now, window.start) + length)
        assert window.start >= before
        most = MAX_PREFIX_TOKENS if len(window.prefix) > 1 else MAX_WORD_TOKENS
        assert sum(len(word.tokens) for word in window.prefix) <= most
        assert all(word.end > window.start for word in window.prefix)
        assert len(window.history) <= MAX_HISTORY
        known = [*window.history, *window.prefix]
        assert known == said[len(said) - len(known) :]


class TestGoBack:
    def test_the_last_word_is_heard_again_as_the_prefix(self) -> None:
        window = begun()
        window.commit(words((0, 1), (1.2, 2)))
        window.make_room(LIMIT, LIMIT)
        assert window.prefix == []
        window.go_back(from_seconds(2), 0)
        assert window.start == from_seconds(1.2)
        assert texts(window.prefix) == [" w1"]
        assert texts(list(window.history)) == [" w0"]

    @pytest.mark.parametrize(
        ("tokens", "start", "first"),
        [(0, 2, 1.5), (MAX_WORD_TOKENS + 1, 2, 0), (0, 3, 0)],
        ids=["its audio is gone", "too many tokens", "heard already from there on"],
    )
    def test_or_it_is_not(self, tokens: int, start: float, first: float) -> None:
        window = begun()
        window.commit(words((1, 2), tokens=tokens))
        window.make_room(LIMIT, LIMIT)
        window.go_back(from_seconds(start), from_seconds(first))
        assert window.start == from_seconds(start)
        assert window.prefix == []

    def test_a_word_of_another_utterance_is_none_of_this(self) -> None:
        window = begun()
        window.commit(words((1, 2)))
        window.finish()
        window.begin(from_seconds(2))
        window.make_room(from_seconds(2) + LIMIT, from_seconds(2) + LIMIT)
        window.go_back(from_seconds(2), 0)
        assert window.prefix == []

    def test_never_forward(self) -> None:
        window = begun()
        window.go_back(from_seconds(2), 0)
        assert window.start == 0
