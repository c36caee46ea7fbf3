"""Subtitles: every word once, in order, in cues that a person can read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt import subtitles
from livestt.events import Word
from livestt.segments import Segment
from livestt.timebase import SAMPLE_RATE
from livestt.writing import columns


@dataclass
class Said:
    """The least that `subtitles` asks of a transcript."""

    segments: list[Segment]
    language: str | None = "en"

    @property
    def text(self) -> str:
        return "".join(word.text for s in self.segments for word in s.words).strip()

    @property
    def duration(self) -> int:
        return max((s.end for s in self.segments), default=0)


def segment(text: str, start: float = 0.0, each: float = 0.3, **more: object) -> Segment:
    """A segment whose words follow each other, ``each`` seconds long."""
    step = round(each * SAMPLE_RATE)
    first = round(start * SAMPLE_RATE)
    words = tuple(
        Word(f" {part}", first + i * step, first + (i + 1) * step)
        for i, part in enumerate(text.split())
    )
    return Segment(0, first, words[-1].end, text, words=words, **more)  # type: ignore[arg-type]


SILENCE = Segment(1, 80_000, 160_000, None)

words_of_a_line = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1),
        st.booleans(),
        st.integers(0, 60_000),
        st.integers(320, 160_000),
    ),
    min_size=1,
    max_size=40,
)


@st.composite
def said(draw: st.DrawFn) -> Said:
    segments: list[Segment] = []
    at = 0
    for number, row in enumerate(draw(st.lists(words_of_a_line, max_size=4))):
        words = []
        for text, space, gap, length in row:
            words.append(Word(" " * space + text, at + gap, at + gap + length))
            at += gap + length
        speaker = draw(st.sampled_from([None, 1, 2]))
        segments.append(
            Segment(number, words[0].start, words[-1].end, "", speaker, "en", tuple(words))
        )
    return Said(segments)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(said())
def test_cues_keep_all_words_in_order(spoken: Said) -> None:
    shown = squeezed("".join(line for cue in subtitles.cues(spoken.segments) for line in cue.lines))
    assert shown == squeezed("".join(w.text for s in spoken.segments for w in s.words))


@given(said())
def test_cue_times_are_monotone_and_never_overlap(spoken: Said) -> None:
    cues = subtitles.cues(spoken.segments)
    assert all(cue.start < cue.end for cue in cues)
    assert all(before.end <= after.start for before, after in pairwise(cues))


@given(said())
def test_cues_are_readable_unless_a_single_word_is_not(spoken: Said) -> None:
    for cue in subtitles.cues(spoken.segments):
        inside = [
            w
            for s in spoken.segments
            for w in s.words
            if cue.start <= w.start and w.end <= cue.end and w.text.strip()
        ]
        if len(inside) > 1:
            assert len(cue.lines) <= subtitles.LINES
            assert all(columns(line) <= subtitles.LINE for line in cue.lines)
            assert inside[-1].end - cue.start <= subtitles.LONGEST


LINES = json.loads((Path(__file__).parent / "vectors" / "cue_lines.json").read_text("utf-8"))


@pytest.mark.parametrize("case", LINES, ids=lambda case: case["text"][:20])
def test_lines_are_those_of_the_page(case: dict[str, Any]) -> None:
    """The same cases as the page's ``cue-lines.js`` (``tests/web/cue-lines.test.js``)."""
    words = [Word(f" {word}", i, i + 1) for i, word in enumerate(case["text"].split())]
    assert list(subtitles._wrap(words)) == case["lines"]


@given(said())
def test_subrip_parses(spoken: Said) -> None:
    written = subtitles.to_srt(spoken)
    blocks = [block for block in written.split("\n\n") if block.strip()]
    for number, block in enumerate(blocks, 1):
        head, times, *text = block.strip("\n").split("\n")
        assert head == str(number)
        assert re.fullmatch(r"\d\d+:\d\d:\d\d,\d{3} --> \d\d+:\d\d:\d\d,\d{3}", times)
        assert text
        assert not any("-->" in line for line in text)


@given(said())
def test_webvtt_parses(spoken: Said) -> None:
    head, *blocks = subtitles.to_vtt(spoken).split("\n\n")
    assert head.strip() == "WEBVTT"
    for block in filter(str.strip, blocks):
        times, *text = block.strip("\n").split("\n")
        assert re.fullmatch(r"\d\d+:\d\d:\d\d\.\d{3} --> \d\d+:\d\d:\d\d\.\d{3}", times)
        plain = re.sub(r"^<v Speaker \d>", "", "\n".join(text))
        assert "<" not in plain
        assert ">" not in plain


def test_long_segment_is_cut_after_punctuation_at_word_times() -> None:
    text = (
        "This sentence is the first of two, and it has a comma in it. "
        "The second one follows at once and makes the segment far too long for one cue."
    )
    first, second, *_ = subtitles.cues([segment(text, start=2)])
    assert first.lines == ("This sentence is the first of two,", "and it has a comma in it.")
    assert first.start == 2 * SAMPLE_RATE
    assert second.lines[0].startswith("The second one")
    assert second.start == first.end


def test_wide_characters_fill_a_line_sooner() -> None:
    text = "今天天气很好我们去公园散步吧然后一起吃晚饭再看一场电影怎么样" * 2
    step = SAMPLE_RATE // 10
    words = tuple(Word(c, i * step, (i + 1) * step) for i, c in enumerate(text))
    spoken = [Segment(0, 0, words[-1].end, text, words=words)]
    lines = [line for cue in subtitles.cues(spoken) for line in cue.lines]
    assert "".join(lines) == text
    assert max(map(len, lines)) <= subtitles.LINE // 2


def test_slow_speech_is_cut_by_time() -> None:
    shown = subtitles.cues([segment("one two three four", each=3.0)])
    assert [cue.lines for cue in shown] == [("one two",), ("three four",)]


def test_brief_cue_stays_on_screen_but_not_over_the_next() -> None:
    first, second = subtitles.cues([segment("Yes.", 1.0, 0.2), segment("No.", 1.5, 0.2)])
    assert first.end == second.start
    assert second.end == second.start + subtitles.SHORTEST


def test_no_word_of_a_long_segment_is_left_alone_for_a_blink() -> None:
    text = (
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    )
    first, second = subtitles.cues([segment(text)])
    assert " ".join((*first.lines, *second.lines)) == text
    assert second.end - second.start > 1.5 * SAMPLE_RATE


def test_markdown_has_a_title() -> None:
    spoken = Said([segment("Hello")])
    assert subtitles.render(spoken, "md", title="A *b*\nc") == "# A \\*b\\* c\n\nHello\n"
    assert subtitles.render(spoken, "md") == "Hello\n"
    assert subtitles.render(Said([]), "md", title="A") == "# A\n"
    assert subtitles.render(spoken, "txt", title="A") == "Hello\n"


def test_every_format() -> None:
    spoken = Said([segment("Hello <b> & --> you", speaker=1), SILENCE, segment("Bye", 11.0)])
    assert subtitles.render(spoken, "text") == "Speaker 1: Hello <b> & --> you\nBye\n"
    assert subtitles.render(spoken, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,500\nSpeaker 1: Hello <b> & -- > you\n\n"
        "2\n00:00:11,000 --> 00:00:11,800\nBye\n"
    )
    assert subtitles.render(spoken, "vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n"
        "<v Speaker 1>Hello &lt;b&gt; &amp; --&gt; you\n\n"
        "00:00:11.000 --> 00:00:11.800\nBye\n"
    )
    assert subtitles.render(spoken, "tsv") == (
        "start\tend\ttext\n0\t1500\tSpeaker 1: Hello <b> & --> you\n11000\t11300\tBye\n"
    )


def test_json_and_verbose_json() -> None:
    spoken = Said([segment("Grüß Gott", speaker=2)], language="de")
    plain = json.loads(subtitles.render(spoken, "json"))
    assert plain == {
        "text": "Grüß Gott",
        "language": "de",
        "duration": 0.6,
        "segments": [
            {
                "id": 0,
                "start": 0.0,
                "end": 0.6,
                "text": "Grüß Gott",
                "speaker": 2,
                "language": None,
            }
        ],
    }
    verbose = json.loads(subtitles.render(spoken, "verbose_json"))
    assert verbose["words"][1] == {
        "word": "Gott",
        "start": 0.3,
        "end": 0.6,
        "probability": 1.0,
        "speaker": None,
    }
    assert "Grüß" in subtitles.render(spoken, "json"), "readable, not escaped"


def test_speaker_is_named_once_a_turn() -> None:
    spoken = Said([segment("a", speaker=1), segment("b", 1, speaker=1), segment("c", 2, speaker=2)])
    assert subtitles.to_text(spoken) == "Speaker 1: a\nb\nSpeaker 2: c\n"


@pytest.mark.parametrize("format", sorted(subtitles.FORMATS))
def test_nothing_said_is_still_a_valid_file(format: str) -> None:
    subtitles.render(Said([]), format)
    subtitles.render(Said([SILENCE]), format)


@pytest.mark.parametrize("format", sorted(subtitles.FORMATS.keys() - {"json", "verbose_json"}))
def test_a_name_cannot_begin_lines_of_its_own(format: str) -> None:
    said = Said([segment("So it goes.", speaker=1)])
    odd = "Anna\r\n\n7\n00:00:00,000 --> 99:00:00,000\n\u2028# Eve\t\x85"
    plain = subtitles.render(said, format, {1: " ".join(odd.split())})
    assert subtitles.render(said, format, {1: odd}) == plain
