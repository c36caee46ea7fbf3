from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from laws.talk import talks

from livestt.events import (
    Committed,
    Ended,
    Event,
    Interim,
    LanguageDetected,
    Progress,
    SpeechStarted,
    Word,
)
from livestt.segments import Segment, joined, main_language
from livestt.timebase import from_seconds
from livestt.transcript import Layout, Transcript

LAYOUT = Layout(
    pause=from_seconds(1),
    readable=12,
    longest=from_seconds(15),
    silence=from_seconds(3),
    retention=from_seconds(20),
)
FOREVER = Layout(retention=from_seconds(10**6))


def word(text: str, start: float, end: float, speaker: int | None = None) -> Word:
    return Word(text, from_seconds(start), from_seconds(end), speaker=speaker)


def speech(*words: tuple[str, float, float]) -> Committed:
    return Committed(tuple(word(*w) for w in words))


def progress(seconds: float, committed: float | None = None) -> Progress:
    at = from_seconds(seconds)
    return Progress(at, at, at if committed is None else from_seconds(committed))


def heard(*events: Event, layout: Layout = FOREVER) -> Transcript:
    transcript = Transcript(layout)
    transcript.apply(events)
    return transcript


def texts(transcript: Transcript) -> list[str | None]:
    return [segment.text for segment in transcript.segments]


@given(talks())
def test_laws(talk: tuple[list[Event], list[Word]]) -> None:
    events, said = talk
    transcript = Transcript(LAYOUT)
    seen: dict[int, Segment] = {}
    for event in events:
        transcript.apply([event])
        for segment in transcript.segments:
            assert seen.setdefault(segment.id, segment) == segment, "a closed segment changed"
        ids = [segment.id for segment in transcript.segments]
        assert ids == list(range(transcript.pruned, transcript.pruned + len(ids)))
        if isinstance(event, Progress):
            horizon = event.received - LAYOUT.retention
            assert all(segment.end >= horizon for segment in transcript.segments)
        elif isinstance(event, Ended):
            assert not transcript.growing
            assert not transcript.interim
    if len(seen) == transcript.pruned + len(transcript.segments):  # none came and went unseen
        segments = list(seen.values())
        words = [word for segment in segments for word in segment.words]
        assert words + transcript.growing == said
        assert all(one.end <= other.start for one, other in pairwise(segments))
    for segment in seen.values():
        check_segment(segment)


def check_segment(segment: Segment) -> None:
    assert segment.start < segment.end
    if segment.is_silence:
        assert not segment.words
        assert segment.end - segment.start >= LAYOUT.silence
        return
    assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)
    assert segment.text == joined(segment.words)
    assert {word.speaker for word in segment.words} == {segment.speaker}
    assert all(b.start - a.end < LAYOUT.pause for a, b in pairwise(segment.words))
    assert len(segment.words) == 1 or segment.end - segment.start <= LAYOUT.longest


class TestClosing:
    def test_a_pause_closes_when_the_next_word_comes(self) -> None:
        transcript = heard(speech((" a", 0, 1), (" b", 1.5, 2), (" c", 3.2, 4)))
        assert texts(transcript) == ["a b"]
        assert [word.text for word in transcript.growing] == [" c"]

    def test_a_pause_closes_when_it_has_lasted(self) -> None:
        assert texts(heard(speech((" a", 0, 1)), progress(2.1))) == []
        assert texts(heard(speech((" a", 0, 1)), progress(2.2))) == ["a"]

    def test_nothing_closes_while_words_are_open(self) -> None:
        said = speech((" a", 0, 1)), Interim((word(" b", 1, 2),))
        assert texts(heard(*said, progress(9))) == []
        assert texts(heard(*said, Interim(()), progress(9))) == ["a"]

    def test_audio_not_committed_is_no_pause(self) -> None:
        assert texts(heard(speech((" a", 0, 1)), progress(9, committed=1))) == []

    def test_a_sentence_closes_once_it_is_long_enough(self) -> None:
        long = " This sentence is long enough to be read."
        assert texts(heard(speech((" Short.", 0, 1), (long, 1, 2)))) == [f"Short.{long}"]
        assert texts(heard(speech((" Short.", 0, 1)))) == []

    @pytest.mark.parametrize("end", [".", "?", "!", "…", "。", '."', ".)", "?”"])
    def test_sentence_ends(self, end: str) -> None:
        assert len(heard(speech((f" {'x' * 40}{end}", 0, 1))).segments) == 1

    @pytest.mark.parametrize("end", ["", ",", ":", '"'])
    def test_other_marks_end_no_sentence(self, end: str) -> None:
        assert not heard(speech((f" {'x' * 40}{end}", 0, 1))).segments

    def test_a_chinese_sentence_is_long_enough_sooner(self) -> None:
        said = Transcript()
        said.apply([Committed(tuple(Word(c, i, i + 1) for i, c in enumerate("好" * 20 + "。好")))])
        assert [segment.text for segment in said.segments] == ["好" * 20 + "。"]

    def test_fifteen_seconds_close(self) -> None:
        words = [(f" w{i}", float(i), i + 1.0) for i in range(16)]
        transcript = heard(speech(*words))
        assert texts(transcript) == [" ".join(f"w{i}" for i in range(15))]
        assert len(transcript.growing) == 1

    def test_a_speaker_change_closes(self) -> None:
        said = Committed((word(" a", 0, 1, 1), word(" b", 1, 2, 2), word(" c", 2, 3, 2)))
        transcript = heard(said, Ended(0))
        assert [(s.text, s.speaker) for s in transcript.segments] == [("a", 1), ("b c", 2)]

    def test_the_end_closes(self) -> None:
        transcript = heard(speech((" a", 0, 1)), Interim((word(" b", 1, 2),)), Ended(0))
        assert texts(transcript) == ["a"]
        assert transcript.interim == ()


class TestSilence:
    def test_a_long_pause_is_a_segment(self) -> None:
        transcript = heard(speech((" a", 0, 1)), progress(9), SpeechStarted(from_seconds(9)))
        assert texts(transcript) == ["a", None]
        silence = transcript.segments[1]
        assert silence.is_silence
        assert (silence.start, silence.end) == (from_seconds(1), from_seconds(9))

    def test_a_shorter_pause_is_not(self) -> None:
        assert texts(heard(speech((" a", 0, 1)), SpeechStarted(from_seconds(5.9)))) == []

    def test_silence_before_the_first_word_is_not(self) -> None:
        assert texts(heard(SpeechStarted(from_seconds(60)))) == []

    def test_speech_without_words_tells_no_silence_twice(self) -> None:
        coughs = [SpeechStarted(from_seconds(at)) for at in (10, 12, 20)]
        transcript = heard(speech((" a", 0, 1)), *coughs)
        spans = [(s.start, s.end) for s in transcript.segments if s.is_silence]
        assert spans == [
            (from_seconds(1), from_seconds(10)),
            (from_seconds(10), from_seconds(20)),
        ]


def test_old_segments_leave_the_view() -> None:
    transcript = heard(
        *(speech((f" {i}", 10.0 * i, 10 * i + 1.0)) for i in range(10)), progress(95), layout=LAYOUT
    )
    assert texts(transcript) == ["8", "9"]
    assert transcript.pruned == 8
    assert transcript.segments[0].id == 8
    assert transcript.text == "8 9"


def test_what_else_is_known() -> None:
    transcript = Transcript()
    assert (transcript.text, transcript.duration, transcript.heard_speech) == ("", 0, False)
    transcript.apply([SpeechStarted(0), LanguageDetected("fr", 0.9, 0), progress(2, committed=0)])
    assert transcript.heard_speech
    assert transcript.language == "fr"
    assert transcript.duration == from_seconds(2)


def test_joined_leaves_spacing_to_the_words() -> None:
    assert joined([word(" Hello,", 0, 1), word(" you", 1, 2)]) == "Hello, you"
    assert joined([word("日本", 0, 1), word("語", 1, 2)]) == "日本語"


def test_main_language_is_that_of_most_words() -> None:
    words = [Word("a", 0, 1, language=code) for code in ("en", "fr", None, "fr")]
    assert main_language(words) == "fr"
    assert main_language([]) is None
