"""The fold of a session's events into Results, SpeechStarted and UtteranceEnd."""

from __future__ import annotations

import pytest

from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.live import LiveResults

from .tools import ABOUT, ENGINE, SECOND, brief, live_request, live_results, told, words


def at(seconds: float) -> int:
    return round(seconds * SECOND)


def heard(seconds: float) -> Progress:
    return Progress(at(seconds), at(seconds), 0)


def done(seconds: float) -> Progress:
    return Progress(at(seconds), at(seconds), at(seconds))


def test_an_utterance_is_guessed_at_and_then_final() -> None:
    results = live_results(interim_results=True, punctuate=True)
    messages = told(
        results,
        [
            SpeechStarted(at(0.1)),
            heard(1.0),
            Interim(words("Hello th", 0.2)),
            heard(1.5),
            Interim(words("Hello there.", 0.2)),
            SpeechEnded(at(1.1)),
            Committed(words("Hello there.", 0.2)),
            UtteranceEnded(at(0.1), at(1.1)),
            done(1.6),
        ],
    )
    assert [brief(message) for message in messages] == [
        ("Hello th", 0.0, 1.0, ""),
        ("Hello there.", 0.0, 1.5, ""),
        ("Hello there.", 0.0, 1.5, ""),
        ("Hello there.", 0.0, 1.1, "FS"),
    ]


def test_a_slow_reader_gets_the_newest_guess_only() -> None:
    results = live_results(interim_results=True)
    assert not results.receive_events([Interim(words("one")), Interim(words("one two")), heard(1)])
    guess = results.guess()
    assert guess is not None
    assert brief(guess) == ("one two", 0.0, 1.0, "")
    assert results.guess() is None


def test_a_guess_that_is_taken_back_is_replaced_by_an_empty_one() -> None:
    results = live_results(interim_results=True)
    messages = told(results, [Interim(words("noise")), Interim(())])
    assert [brief(message)[0] for message in messages] == ["noise", ""]


def test_a_sentence_is_final_when_another_follows() -> None:
    results = live_results(interim_results=True, punctuate=True)
    first = words("This sentence is long enough to be read.")
    second = words("And so", 4)
    messages = told(results, [Committed(first[:3]), Committed((*first[3:], *second))])
    assert [brief(message)[0::3] for message in messages] == [
        ("This sentence is", ""),
        ("This sentence is long enough to be read.", "F"),
        ("And so", ""),
    ]
    assert messages[2]["start"] == messages[1]["duration"]


def test_speech_without_punctuation_becomes_final_after_five_seconds() -> None:
    results = live_results()
    messages = told(results, [Committed(words("word " * 30))])
    assert [len(m["channel"]["alternatives"][0]["words"]) for m in messages] == [13, 13]
    assert messages[1]["start"] == messages[0]["duration"]


def test_the_last_sentence_comes_with_the_end_of_the_utterance() -> None:
    results = live_results(punctuate=True)
    said = words("This sentence is long enough to be read.")
    messages = told(results, [Committed(said), UtteranceEnded(0, at(4))])
    assert [brief(message) for message in messages] == [
        ("This sentence is long enough to be read.", 0.0, 4.0, "FS")
    ]


def test_an_utterance_whose_words_are_told_is_closed_by_an_empty_final() -> None:
    results = live_results(interim_results=True)
    messages = told(results, [Committed(words("so it is")), Flushed("1"), Interim(words("er", 2)),
                              Interim(()), UtteranceEnded(0, at(4)),
                              UtteranceEnded(0, at(5))])  # fmt: skip
    assert [brief(message) for message in messages if message["is_final"]] == [
        ("so it is", 0.0, 1.1, "FSZ"),
        ("", 1.1, 4.0, "FS"),
    ]


def test_noise_that_passed_for_speech_is_closed_too() -> None:
    results = live_results(vad_events=True)
    messages = told(results, [SpeechStarted(at(1)), UtteranceEnded(at(1), at(2))])
    assert [brief(message) for message in messages] == [
        ("SpeechStarted", 1.0),
        ("", 0.0, 2.0, "FS"),
    ]


def test_without_endpointing_there_is_no_speech_final() -> None:
    results = live_results(endpointing=False)
    messages = told(results, [Committed(words("Hello there.")), UtteranceEnded(0, at(2)),
                              SpeechStarted(at(3)), UtteranceEnded(at(3), at(4))])  # fmt: skip
    assert [brief(message) for message in messages] == [("hello there", 0.0, 2.0, "F")]


def test_without_voice_detection_a_pause_makes_words_final() -> None:
    results = live_results()
    messages = told(results, [Committed(words("so it is")), heard(1.2), heard(2.4)])
    assert [brief(message) for message in messages] == [("so it is", 0.0, 1.1, "FS")]


class TestFinalize:
    def test_tells_what_is_left_once(self) -> None:
        results = live_results(interim_results=True)
        messages = told(results, [Interim(words("go on")), Committed(words("go on")), Flushed("1"),
                                  Flushed("2"), UtteranceEnded(0, at(2))])  # fmt: skip
        assert [brief(message) for message in messages if message["is_final"]] == [
            ("go on", 0.0, 0.7, "FSZ"),
            ("", 0.7, 0.7, "FSZ"),
        ]

    def test_is_answered_in_silence(self) -> None:
        results = live_results(endpointing=False)
        messages = told(results, [done(3), Flushed("1")])
        assert [brief(message) for message in messages] == [("", 0.0, 3.0, "FSZ")]

    def test_lets_speech_go_on(self) -> None:
        results = live_results()
        messages = told(results, [Committed(words("go")), Flushed("1"), Committed(words("on", 1)),
                                  UtteranceEnded(0, at(2))])  # fmt: skip
        assert [brief(message) for message in messages] == [
            ("go", 0.0, 0.3, "FSZ"),
            ("on", 0.3, 2.0, "FS"),
        ]


class TestUtteranceEnd:
    """Specification's example: a word ends at 1.2 s, 1000 ms later it is due."""

    def begin(self) -> LiveResults:
        results = live_results(interim_results=True, utterance_end_ms=1000)
        told(results, [Committed(words("Hello there", 0.5)), UtteranceEnded(0, at(1.3))])
        return results

    def test_comes_when_the_gap_is_full(self) -> None:
        results = self.begin()
        assert told(results, [done(2.1)]) == []
        assert [brief(m) for m in told(results, [done(2.2)])] == [("UtteranceEnd", 1.2)]

    def test_comes_once(self) -> None:
        results = self.begin()
        told(results, [done(2.2)])
        assert told(results, [done(9)]) == []

    def test_waits_for_a_word_that_is_only_guessed(self) -> None:
        results = self.begin()
        messages = told(results, [Interim(words("again", 2)), heard(2.4), Interim(()), heard(2.5)])
        assert [m["type"] for m in messages] == ["Results", "Results", "UtteranceEnd"]

    def test_counts_anew_from_a_new_word(self) -> None:
        results = self.begin()
        told(results, [Committed(words("again", 2)), UtteranceEnded(at(2), at(2.4))])
        assert told(results, [done(3.2)]) == []
        assert [brief(m) for m in told(results, [done(3.3)])] == [("UtteranceEnd", 2.3)]

    def test_follows_a_finalize_too(self) -> None:
        results = live_results(utterance_end_ms=1000)
        told(results, [Committed(words("Hello there", 0.5)), Flushed("1")])
        assert [brief(m) for m in told(results, [done(3)])] == [("UtteranceEnd", 1.2)]

    @pytest.mark.parametrize(
        "later",
        [SpeechStarted(at(2.3)), Interim(words("And", 2.5)), Committed(words("And.", 2.5))],
    )
    def test_comes_too_if_the_next_speech_is_heard_of_first(self, later: Event) -> None:
        results = self.begin()
        assert "UtteranceEnd" in [m["type"] for m in told(results, [later])]
        assert "UtteranceEnd" not in [m["type"] for m in told(results, [done(3.0)])]

    def test_does_not_come_if_the_next_word_is_near(self) -> None:
        results = self.begin()
        later = [SpeechStarted(at(1.8)), Interim(words("And", 2.1)), done(3.0)]
        assert "UtteranceEnd" not in [m["type"] for m in told(results, later)]


def test_the_end_tells_the_rest_and_covers_all_audio() -> None:
    results = live_results()
    messages = told(results, [Committed(words("bye")), done(1), Ended(at(1))])
    assert [brief(message) for message in messages] == [("bye", 0.0, 1.0, "F")]
    assert results.ended


def test_an_end_without_audio_says_nothing() -> None:
    assert told(live_results(), [Ended(0)]) == []


def test_a_warning_is_not_of_this_protocol() -> None:
    assert told(live_results(interim_results=True), [Warned("slow", "it is")]) == []


def test_only_asked_for_messages_come() -> None:
    results = live_results()
    messages = told(results, [SpeechStarted(0), Interim(words("no")), heard(1), heard(9)])
    assert messages == []


def test_a_message_in_full() -> None:
    request = live_request(("extra", "shop:7"), ("extra[till]", "3"), diarize=True,
                           detect_entities=True, language="multi", multichannel=True,
                           channels=2)  # fmt: skip
    results = LiveResults(request, About(ABOUT.request_id, ENGINE, request.extra), channel=1)
    [message] = told(results, [Committed((Word(" Hi,", 1600, 4800, 0.51234, "en", speaker=2),)),
                               Flushed("1")])  # fmt: skip
    assert message == {
        "type": "Results",
        "channel_index": [1, 2],
        "duration": 0.3,
        "start": 0.0,
        "is_final": True,
        "speech_final": True,
        "from_finalize": True,
        "channel": {
            "alternatives": [
                {
                    "transcript": "hi",
                    "confidence": 0.5123,
                    "languages": ["en"],
                    "words": [
                        {
                            "word": "hi",
                            "punctuated_word": "Hi,",
                            "start": 0.1,
                            "end": 0.3,
                            "confidence": 0.5123,
                            "speaker": 1,
                            "language": "en",
                        }
                    ],
                }
            ]
        },
        "metadata": {
            "request_id": ABOUT.request_id,
            "model_info": {"name": "scripted", "version": "1", "arch": "scripted"},
            "model_uuid": ABOUT.model_uuid,
            "extra": {"shop": "7", "till": "3"},
        },
        "entities": [],
    }
