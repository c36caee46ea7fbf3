"""The fold of a session's events into the turns of Flux."""

from __future__ import annotations

import pytest

from livestt.engines import StreamOptions
from livestt.errors import BadRequest
from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeechStarted,
    UtteranceEnded,
    Warned,
)
from livestt.protocols.deepgram.control import BadConfigure, Configure
from livestt.protocols.deepgram.flux import FluxTurns, Message
from livestt.protocols.deepgram.flux_query import Thresholds, changed, parse_flux

from .tools import ABOUT, ENGINE, SECOND, words


def at(seconds: float) -> int:
    return round(seconds * SECOND)


def heard(seconds: float) -> Progress:
    return Progress(at(seconds), at(seconds), 0)


def turns(**thresholds: float) -> FluxTurns:
    wanted = Thresholds(**thresholds)  # type: ignore[arg-type]
    return FluxTurns(ABOUT, wanted, wanted.first_silence_ms)


def told(fold: FluxTurns, events: list[Event]) -> list[Message]:
    messages = []
    for event in events:
        messages += fold.receive_events([event])
        guess = fold.guess()
        if guess is not None:
            messages.append(guess)
    return messages


def brief(messages: list[Message]) -> list[tuple[str, int, str]]:
    return [(m["event"], m["turn_index"], m["transcript"]) for m in messages]


TURN: list[Event] = [
    SpeechStarted(at(0.2)),
    heard(0.8),
    Interim(words("Hello", 0.3)),
    Committed(words("Hello there.", 0.3)),
    heard(1.4),
    UtteranceEnded(at(0.2), at(1.2)),
]


def test_a_turn_begins_with_its_first_word_and_ends_in_silence() -> None:
    messages = told(turns(), TURN)
    assert brief(messages) == [
        ("StartOfTurn", 0, "Hello"),
        ("Update", 0, "Hello there."),
        ("EndOfTurn", 0, "Hello there."),
    ]
    assert messages[-1]["trigger"] == "model"
    assert messages[-1]["end_of_turn_confidence"] == 0.7
    assert [word["word"] for word in messages[-1]["words"]] == ["Hello", "there."]
    assert [message["sequence_id"] for message in messages] == [0, 1, 2]
    assert {message["request_id"] for message in messages} == {ABOUT.request_id}


def test_the_next_turn_has_the_next_number() -> None:
    fold = turns()
    told(fold, TURN)
    messages = told(fold, [SpeechStarted(at(3)), Committed(words("Again.", 3)),
                           UtteranceEnded(at(3), at(3.5))])  # fmt: skip
    assert brief(messages) == [("StartOfTurn", 1, "Again."), ("EndOfTurn", 1, "Again.")]
    assert messages[0]["audio_window_start"] == 3.0


def test_noise_is_no_turn() -> None:
    assert told(turns(), [SpeechStarted(0), UtteranceEnded(0, at(1)), Flushed("x")]) == []


class TestEager:
    def test_the_end_is_announced_and_comes(self) -> None:
        messages = told(turns(eager=0.4), [*TURN, heard(1.7), heard(2.0)])
        assert [message["event"] for message in messages][2:] == ["EagerEndOfTurn", "EndOfTurn"]

    def test_speech_goes_on(self) -> None:
        more: list[Event] = [SpeechStarted(at(1.5)), Interim(words("And", 1.6)),
                             Committed(words("And on.", 1.6)), UtteranceEnded(at(1.5), at(2.5)),
                             heard(3.3)]  # fmt: skip
        messages = told(turns(eager=0.4), [*TURN, *more])
        assert [message["event"] for message in messages][2:] == [
            "EagerEndOfTurn",
            "TurnResumed",
            "Update",
            "EagerEndOfTurn",
            "EndOfTurn",
        ]
        assert messages[-1]["transcript"] == "Hello there. And on."

    def test_the_end_comes_when_the_silence_is_long_enough_not_later(self) -> None:
        fold = turns(eot=0.8, eager=0.4)
        ended = UtteranceEnded(at(0.2), at(1.2))  # the last 0.2 s of it were silence
        told(fold, [*TURN[:-1], ended])
        assert told(fold, [heard(1.75)]) == []
        assert [m["event"] for m in told(fold, [heard(1.85)])] == ["EndOfTurn"]

    def test_the_end_comes_too_if_the_next_speech_is_heard_of_first(self) -> None:
        later: list[Event] = [SpeechStarted(at(3)), Interim(words("And", 3.2)), heard(4)]
        messages = told(turns(eager=0.4), [*TURN, *later])
        assert brief(messages)[2:] == [
            ("EagerEndOfTurn", 0, "Hello there."),
            ("EndOfTurn", 0, "Hello there."),
            ("StartOfTurn", 1, "And"),
        ]
        assert messages[-1]["audio_window_start"] == 3.0


def test_a_short_timeout_ends_the_turn() -> None:
    messages = told(turns(eot=0.9, timeout_ms=500), TURN)
    assert messages[-1]["trigger"] == "timeout"


def test_without_voice_detection_a_pause_ends_the_turn() -> None:
    messages = told(turns(), [Committed(words("Hello there.")), heard(2.5), heard(2.7)])
    assert [m["event"] for m in messages] == ["StartOfTurn", "EndOfTurn"]


def test_a_turn_has_an_end() -> None:
    messages = told(turns(), [Committed(words("word " * 1500))])
    assert [m["event"] for m in messages] == ["StartOfTurn", "EndOfTurn"]
    assert messages[-1]["trigger"] == "timeout"


def test_a_client_ends_the_turn() -> None:
    messages = told(turns(), [*TURN[:-1], Flushed("x")])
    assert (messages[-1]["event"], messages[-1]["trigger"]) == ("EndOfTurn", "manual")


def test_the_end_of_the_audio_ends_the_turn() -> None:
    messages = told(turns(eager=0.4), [*TURN, Ended(at(1.5))])
    assert messages[-1]["event"] == "EndOfTurn"


def test_a_slow_reader_gets_the_newest_update_only() -> None:
    fold = turns()
    fold.receive_events([Interim(words("a"))])
    assert not fold.receive_events([Interim(words("a b")), Interim(words("a b c"))])
    guess = fold.guess()
    assert guess is not None
    assert guess["transcript"] == "a b c"
    assert fold.guess() is None


def test_an_update_has_something_new() -> None:
    fold = turns()
    fold.receive_events([Committed(words("a b")), Interim(()), heard(1.0)])
    assert fold.guess() is None
    fold.receive_events([Interim(words("c", 2))])
    assert fold.guess() is not None
    fold.receive_events([Interim(())])
    guess = fold.guess()
    assert guess is not None
    assert guess["transcript"] == "a b"


def test_the_user_is_warned() -> None:
    [message] = told(turns(), [Warned("slow", "the server is busy")])
    assert (message["type"], message["code"]) == ("Warning", "slow")


class TestRequest:
    def test_thresholds(self) -> None:
        query = {"eot_threshold": "0.8", "eager_eot_threshold": "0.5", "eot_timeout_ms": "900"}
        request = parse_flux(query.items(), ENGINE, StreamOptions())
        assert request.thresholds == Thresholds(0.8, 0.5, 900)
        assert request.thresholds.silence_ms == 800
        assert request.thresholds.first_silence_ms == 500

    @pytest.mark.parametrize(
        ("model", "hints", "language"),
        [
            ("flux-general-en", [], "en"),
            ("flux-general-multi", [], None),
            ("flux-general-multi", ["de"], "de"),
            ("", [], "fr"),
        ],
    )
    def test_language(self, model: str, hints: list[str], language: str | None) -> None:
        pairs = [("model", model), *(("language_hint", hint) for hint in hints)]
        request = parse_flux(pairs, ENGINE, StreamOptions(language="fr"))
        assert request.options.language == language

    @pytest.mark.parametrize(
        "query",
        [{"eot_threshold": "0.95"}, {"eager_eot_threshold": "x"}, {"eot_timeout_ms": "10"},
         {"encoding": "linear16"}, {"language_hint": "tlh"}],
    )  # fmt: skip
    def test_is_refused(self, query: dict[str, str]) -> None:
        with pytest.raises(BadRequest):
            parse_flux(query.items(), ENGINE, StreamOptions())


def test_thresholds_change() -> None:
    asked = Configure(thresholds={"eot_threshold": 0.9, "eot_timeout_ms": 1000})
    assert changed(Thresholds(eager=0.4), asked) == Thresholds(0.9, 0.4, 1000)
    with pytest.raises(BadConfigure, match="eot_threshold must be from"):
        changed(Thresholds(), Configure(thresholds={"eot_threshold": float("nan")}))


def test_null_switches_the_early_end_off_and_leaves_the_rest() -> None:
    asked = Configure(thresholds={"eager_eot_threshold": None, "eot_threshold": None})
    assert changed(Thresholds(eot=0.8, eager=0.4), asked) == Thresholds(0.8, None, 5000)
