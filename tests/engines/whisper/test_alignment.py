from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.whisper.alignment import (
    MAX_SCORE,
    Piece,
    Span,
    merge_punctuation,
    timed_words,
    token_spans,
)
from livestt.engines.whisper.windows import TOKEN_FRAME


def pieces(*texts: str) -> list[Piece]:
    return [Piece(text, (i,)) for i, text in enumerate(texts)]


def merged(*texts: str) -> list[str]:
    return [piece.text for piece in merge_punctuation(pieces(*texts))]


class TestSpans:
    def test_a_path_gives_first_and_last_positions(self) -> None:
        path = [(0, 0), (0, 1), (1, 2), (2, 2), (2, 3), (2, 4)]
        assert token_spans(path, 3) == [Span(0, 1), Span(2, 2), Span(2, 4)]
        assert Span(2, 5).centre == 3.5

    def test_a_token_off_the_path_follows_the_one_before(self) -> None:
        assert token_spans([(1, 4), (1, 6)], 3) == [Span(0, 0), Span(4, 6), Span(6, 6)]
        assert token_spans([], 2) == [Span(0, 0), Span(0, 0)]


class TestPunctuation:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ([" Hello", ",", " you", "."], [" Hello,", " you."]),
            ([" so", ".", '"'], [' so."']),
            (["。"], ["。"]),
            ([' "', "quote", '"'], [' "quote"']),
            ([" (", "a", ")", " b"], [" (a)", " b"]),
            ([" 'tis", " don't"], [" 'tis", " don't"]),
            ([" end", ' "'], [" end", ' "']),
            ([" a", " -", " b"], [" a", " - b"]),
            ([], []),
        ],
    )
    def test_marks_belong_to_words(self, given: list[str], words: list[str]) -> None:
        assert merged(*given) == words

    @given(st.lists(st.sampled_from([" a", "b", ",", ".", ' "', '"', " (", "", " ", "。", " -"])))
    def test_no_text_and_no_token_is_lost(self, texts: list[str]) -> None:
        together = merge_punctuation(pieces(*texts))
        assert "".join(piece.text for piece in together) == "".join(texts)
        assert [t for piece in together for t in piece.tokens] == list(range(len(texts)))


class TestWords:
    def timed(self, *words: tuple[str, int], spans: list[tuple[int, int]]):  # type: ignore[no-untyped-def]
        numbers = iter(range(100))
        given = [Piece(text, tuple(next(numbers) for _ in range(n))) for text, n in words]
        where = [Span(*span) for span in spans]
        return timed_words(given, where, [0.5] * len(where), lambda at: 1_000 + at * 320, "en")

    def test_times_scores_and_attention(self) -> None:
        [word], attended = self.timed((" two", 2), spans=[(2, 4), (5, 8)])
        assert (word.start, word.end) == (1_000 + 2 * 320, 1_000 + 9 * 320)
        assert (word.score, word.language, word.tokens) == (0.5, "en", (0, 1))
        assert attended == (1_000 + 6 * 320,)  # the later centre, 6.5, to the even position

    def test_punctuation_lies_in_the_pause_and_is_not_timed(self) -> None:
        [word], attended = self.timed((" so,", 2), spans=[(2, 4), (5, 80)])
        assert word.end == 1_000 + 5 * 320
        assert attended == (1_000 + 3 * 320,)

    def test_punctuation_alone_is_timed_as_it_is(self) -> None:
        [word], _ = self.timed(("...", 2), spans=[(2, 4), (5, 8)])
        assert word.end == 1_000 + 9 * 320

    def test_every_word_lasts_one_position_at_least(self) -> None:
        spans = [Span(3, 3), Span(3, 3), Span(9, 9)]
        given = pieces(" a", " b", " c")
        (one, two, _), _ = timed_words(given, spans, [1.0] * 3, lambda at: at * 320, "en")
        assert one.end - one.start == two.end - two.start == TOKEN_FRAME
        assert one.score == MAX_SCORE

    def test_words_at_the_end_stay_inside_the_audio(self) -> None:
        spans = [Span(1, 2), Span(9, 9), Span(9, 9), Span(9, 9)]
        given = pieces(" a", " b", " c", " d")
        words, _ = timed_words(given, spans, [1.0] * 4, lambda at: min(at * 320, 3_200), "en")
        edges = [edge for word in words for edge in (word.start, word.end)]
        assert edges == sorted(edges)
        assert edges[-1] == 3_200
        assert all(word.start < word.end for word in words)

    def test_words_that_share_a_position_do_not_overlap(self) -> None:
        (one, two), _ = self.timed((" a", 1), (" b", 1), spans=[(1, 4), (4, 4)])
        assert one.end == two.start < two.end

    def test_half_a_character_at_the_end_is_not_a_word_yet(self) -> None:
        words, attended = self.timed((" a", 1), (" \ufffd", 1), (" b", 1), spans=[(1, 1)] * 3)
        assert [word.text for word in words] == [" a"]
        assert len(attended) == 1
