"""What holds of Results whatever is said, flushed and heard, through the real session."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.policies import PolicyName
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.live import LiveResults, Message
from livestt.protocols.deepgram.query import parse_live
from livestt.timebase import to_seconds

from .rig import Rig

ENGINE = ScriptedEngine().capabilities

steps = st.one_of(
    st.tuples(st.sampled_from(["speak", "hush"]), st.integers(1, 120)),
    st.tuples(st.sampled_from(["flush", "work", "answer", "read"]), st.just(0)),
)
queries = st.fixed_dictionaries(
    {
        "interim_results": st.just("true"),
        "endpointing": st.sampled_from(["true", "false"]),
        "utterance_end_ms": st.sampled_from(["1000", "2000"]),
        "vad_events": st.sampled_from(["true", "false"]),
        "punctuate": st.just("true"),
    }
)


class Told:
    """A session, and everything a client of it is told."""

    def __init__(self, policy: PolicyName, query: dict[str, str]) -> None:
        self.rig = Rig(policy)
        request = parse_live(query.items(), ENGINE, StreamOptions())
        self.results = LiveResults(request, About("request", ENGINE))
        self.messages: list[Message] = []
        self._taken = 0

    def do(self, what: str, count: int) -> None:
        match what:
            case "speak":
                self.rig.speak(count)
            case "hush":
                self.rig.hush(count)
            case "flush":
                self.rig.flush("x")
            case "work":
                self.rig.work()
            case "answer":
                if self.rig.ask():
                    self.rig.answer()
            case "end":
                self.rig.end()
        self.messages += self.results.receive_events(self.rig.book.events[self._taken :])
        self._taken = len(self.rig.book.events)
        guess = self.results.guess() if what == "read" else None
        if guess is not None:
            self.messages.append(guess)

    @property
    def finals(self) -> list[Message]:
        return [m for m in self.messages if m["type"] == "Results" and m["is_final"]]


def words_of(message: Message) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = message["channel"]["alternatives"][0]["words"]
    return words


@given(
    policy=st.sampled_from(["alignatt", "localagreement", "utterance"]),
    query=queries,
    course=st.lists(steps, max_size=30),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_laws_of_results(
    policy: PolicyName, query: dict[str, str], course: list[tuple[str, int]]
) -> None:
    told = Told(policy, query)
    for what, count in [*course, ("end", 0)]:
        told.do(what, count)
    finals = told.finals

    committed = [(word.text.strip(), to_seconds(word.start)) for word in told.rig.book.words]
    said = [(word["punctuated_word"], word["start"]) for m in finals for word in words_of(m)]
    assert said == committed, "every committed word is in exactly one final, in order"

    at = 0.0
    for message in finals:
        assert message["start"] == at, "ranges follow one another"
        assert message["duration"] >= 0
        at = round(message["start"] + message["duration"], 3)
        assert all(word["end"] <= at for word in words_of(message))
    assert at == to_seconds(told.rig.now), "all audio is covered"

    answers = [m for m in finals if m["from_finalize"]]
    assert len(answers) == len(told.rig.book.flushes), "each Finalize is answered once"
    assert all(message["speech_final"] for message in answers)
    if query["endpointing"] == "false":
        assert not [m for m in finals if m["speech_final"] and not m["from_finalize"]]

    told_until = 0.0
    for message in told.messages:
        if message["type"] == "Results":
            assert message["start"] == told_until, "a guess is about what comes after the finals"
            if message["is_final"]:
                told_until = round(message["start"] + message["duration"], 3)
            else:
                assert not message["speech_final"]
    _check_utterance_ends(told.messages)


def _check_utterance_ends(messages: list[Message]) -> None:
    """One at most after each word, and with that word's end."""
    last: float | None = None
    for message in messages:
        if message["type"] == "UtteranceEnd":
            assert message["last_word_end"] == last
            last = None
        elif message["type"] == "Results" and message["is_final"] and words_of(message):
            last = words_of(message)[-1]["end"]
    ends = [m["last_word_end"] for m in messages if m["type"] == "UtteranceEnd"]
    assert all(a < b for a, b in pairwise(ends))
