"""From what servers answer to words that follow the committed ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import Job, StreamOptions
from livestt.engines.remote_answer import fresh, read
from livestt.events import Word
from livestt.languages import CODES, code_of

SECOND = 16_000
START = 10 * SECOND


def job(prefix: str = "", context: str = "", language: str | None = None, **times: float) -> Job:
    """Four seconds of audio; the prefix takes half a second per word from 0.5 s on."""
    words = [
        Word(f" {text}", START + (i + 1) * SECOND // 2, START + (i + 2) * SECOND // 2)
        for i, text in enumerate(prefix.split())
    ]
    before = [Word(f" {text}", START - SECOND, START + 4000) for text in context.split()[-1:]]
    audio = np.zeros(4 * SECOND, np.float32)
    return Job(None, audio, START, False, StreamOptions(language), tuple(words), tuple(before))


def heard(text: str, *, begin: float = 0.5, step: float = 0.5, **more: Any) -> dict[str, Any]:
    """An answer with half a second per word."""
    words = [
        {"word": word.strip(".,!?"), "start": begin + i * step, "end": begin + (i + 1) * step}
        for i, word in enumerate(text.split())
    ]
    return {"text": text, "words": words, **more}


def rest(body: dict[str, Any], question: Job) -> str:
    return "".join(word.text for word in fresh(read(body, question), question))


class TestReading:
    def test_times_are_the_sessions(self) -> None:
        answer = read(heard("Hello world"), job())
        assert [(w.start, w.end) for w in answer.words] == [
            (START + 8000, START + 16_000),
            (START + 16_000, START + 24_000),
        ]

    @pytest.mark.parametrize(
        ("words", "text", "spelled"),
        [
            ("Hello world", "Hello, world.", [" Hello,", " world."]),
            ("say yes now", "Say “yes” (now)!", [" Say", " “yes”", " (now)!"]),
            ("well no", "Well - no", [" Well -", " no"]),
            ("你 好 吗", "你好吗？", ["你", "好", "吗？"]),  # noqa: RUF001
            ("Hello world", "Goodbye world", [" Hello", " world"]),
            ("Hello", "Hello world", [" Hello"]),
            ("it s", "it's", [" it'", "s"]),
        ],
    )
    def test_spelling_is_the_texts(self, words: str, text: str, spelled: list[str]) -> None:
        body = {**heard(words), "text": text}
        expected = [" " + spelled[0] if spelled[0][0] != " " else spelled[0], *spelled[1:]]
        assert [word.text for word in read(body, job()).words] == expected

    def test_segments_stand_in_for_words(self) -> None:
        segment = {"text": " Hello wide world", "start": 1.0, "end": 2.4, "avg_logprob": -0.5}
        answer = read({"text": "Hello wide world", "segments": [segment]}, job())
        assert [word.text for word in answer.words] == [" Hello", " wide", " world"]
        assert answer.words[0].start == START + SECOND
        assert answer.words[-1].end == START + round(2.4 * SECOND)
        assert answer.words[1].score == pytest.approx(0.6065, abs=1e-3)
        assert not answer.exact

    @pytest.mark.parametrize(
        ("text", "spelled"),
        [
            ("今日は天気", ["今", "日", "は", "天", "気"]),
            ("ที่นี่ดี", ["ที่", "นี่", "ดี"]),
            ("我用 Linux 工作", ["我", "用", " Linux", " 工", "作"]),
            ("안녕 하세요", [" 안녕", " 하세요"]),
        ],
    )
    def test_text_without_spaces_is_cut_into_characters(
        self, text: str, spelled: list[str]
    ) -> None:
        assert [word.text for word in read({"text": text}, job()).words] == spelled

    def test_bare_text_is_spread_over_the_window(self) -> None:
        answer = read({"text": "a b"}, job())
        assert [(w.start, w.end) for w in answer.words] == [
            (START, START + 2 * SECOND),
            (START + 2 * SECOND, START + 4 * SECOND),
        ]

    def test_words_inside_segments(self) -> None:
        inner = [{"word": " Hi", "start": 0.1, "end": 0.4, "probability": 0.7}]
        answer = read({"segments": [{"text": " Hi", "words": inner}]}, job())
        assert [(word.text, word.score) for word in answer.words] == [(" Hi", 0.7)]

    def test_score_is_the_segments(self) -> None:
        segments = [{"text": "Hi there", "start": 0, "end": 4, "avg_logprob": 0.0}]
        assert read(heard("Hi there", segments=segments), job()).words[0].score == 1.0

    def test_doubts_of_the_server(self) -> None:
        silence = {"text": " Thanks.", "start": 0, "end": 1, "no_speech_prob": 0.9}
        silent = {**silence, "avg_logprob": -1.5}
        assert read({"segments": [silent]}, job()).silent
        assert not read({"segments": [{**silence, "avg_logprob": -0.1}]}, job()).silent
        assert not read({"segments": []}, job()).silent

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"text": None},
            {"text": "", "words": None, "segments": None},
            {"words": [3, {"word": ""}, {}], "segments": ["x"]},
        ],
    )
    def test_no_words(self, body: dict[str, Any]) -> None:
        assert read(body, job()).words == ()

    def test_nonsense_times_are_put_right(self) -> None:
        body = {
            "words": [
                {"word": "a", "start": -3, "end": -2},
                {"word": "b", "start": 2, "end": 1},
                {"word": "c", "start": 1, "end": 99},
                {"word": "d", "start": "x", "end": float("nan")},
            ]
        }
        words = read(body, job()).words
        assert [word.text for word in words] == [" a", " b", " c", " d"]
        at = START
        for word in words:
            assert at <= word.start < word.end <= START + 4 * SECOND
            at = word.end

    @pytest.mark.parametrize(
        ("given", "code"),
        [("english", "en"), ("FR", "fr"), ("haitian creole", "ht"), ("klingon", None), (3, None)],
    )
    def test_languages(self, given: Any, code: str | None) -> None:
        assert code_of(given) == code
        assert read(heard("Hi", language=given), job()).language == code

    def test_the_language_asked_for_counts(self) -> None:
        assert read(heard("Hi", language="french"), job(language="en")).language == "en"

    def test_there_are_a_hundred(self) -> None:
        assert len(CODES) == 100


class TestAfterThePrefix:
    @pytest.mark.parametrize(
        ("prefix", "text", "new"),
        [
            ("one two", "One two three four", " three four"),
            ("one two", "one too three four", " three four"),
            ("one two", "uh one two three", " three"),
            ("one two", "one two", ""),
            ("one two", "", ""),
            ("the the", "the the the end", " the end"),
            ("", "one two", " one two"),
        ],
    )
    def test_only_what_is_new_is_left(self, prefix: str, text: str, new: str) -> None:
        assert rest(heard(text), job(prefix)) == new

    def test_a_server_that_leaves_the_prefix_out(self) -> None:
        assert rest(heard("three four", begin=1.5), job("one two")) == " three four"

    def test_a_server_that_leaves_out_a_word_of_it(self) -> None:
        body = heard("two three four", begin=1.0)
        assert rest(body, job("one two")) == " three four"
        assert rest(body, job("zero two")) == " three four"
        body["words"][0]["start"] = 0.5
        assert rest({**body, "text": ""}, job("two one")) == " three four"

    def test_repeated_words_are_told_apart_by_time(self) -> None:
        assert rest(heard("no no no no"), job("no no")) == " no no"

    def test_text_counts_more_where_times_are_guessed(self) -> None:
        body = {"text": "one two three", "segments": []}
        assert rest(body, job("one two")) == " three"

    def test_the_end_of_a_word_committed_before_the_window(self) -> None:
        body = heard("ing on", begin=0.0, step=0.2)
        assert rest(body, job(context="go going")) == " on"

    @given(
        st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=6),
        st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=6),
    )
    def test_laws(self, prefix: list[str], text: list[str]) -> None:
        question = job(" ".join(prefix))
        words = fresh(read(heard(" ".join(text), step=0.3), question), question)
        at = question.prefix[-1].end if prefix else START
        for word in words:
            assert at <= word.start < word.end <= max(question.end, at + 1)
            at = word.end

    @given(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=6))
    def test_the_prefix_said_again_is_taken_off(self, words: list[str]) -> None:
        for count in range(len(words) + 1):
            question = job(" ".join(words[:count]))
            assert rest(heard(" ".join(words)), question).split() == words[count:]
