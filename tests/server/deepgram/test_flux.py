"""``WS /v2/listen`` over real sockets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestt.engines.scripted import script_of

from ..conftest import FIXTURES, Lent, Serve
from ..engines import Watched
from ..running import Running, check_heard
from .client import CLOSE, FINALIZE, PCM, Told, converse, silence

TEXT = "Every word of this is heard once."
AUDIO = [silence(0.1)] * 40
FORCE = json.dumps({"type": "ForceEndTurn"})
EVENTS = ["StartOfTurn", "Update", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"]


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)))


def flux(server: Running, frames: list[bytes | str], **query: str) -> Told:
    told = converse(server, frames, {**PCM, **query}, path="/v2/listen")
    assert [message["sequence_id"] for message in told.messages] == list(range(len(told.messages)))
    return told


def test_a_turn(server: Running) -> None:
    told = flux(server, [*AUDIO, CLOSE], model="flux-general-en")
    assert told.kinds[0] == "Connected"
    events = [message["event"] for message in told.messages[1:]]
    assert events[0] == "StartOfTurn"
    assert events[-1] == "EndOfTurn"
    assert set(events[1:-1]) <= {"Update"}
    assert told.messages[-1]["transcript"] == TEXT
    assert told.code == 1000


def test_turns_of_real_speech(serve: Serve, lent_whisper: Lent) -> None:
    server = serve(lent_whisper, vad=True, language="en")
    data = (FIXTURES / "speech" / "slt-01.flac").read_bytes()
    told = converse(server, [data, CLOSE], {"eager_eot_threshold": "0.4"}, path="/v2/listen")
    assert told.messages[-1]["event"] == "EndOfTurn"
    check_heard(
        told.messages[-1]["transcript"], "Good morning, everybody did not take our red building."
    )


def test_a_client_ends_its_turn(server: Running) -> None:
    told = flux(server, [*AUDIO[:20], FORCE, *AUDIO[20:], CLOSE])
    ends = [m for m in told.messages if m.get("event") == "EndOfTurn"]
    assert [end["turn_index"] for end in ends] == [0, 1]
    assert ends[0]["trigger"] == "manual"
    assert " ".join(end["transcript"] for end in ends) == TEXT


def test_configure(server: Running) -> None:
    good = {"type": "Configure", "thresholds": {"eot_threshold": 0.8}, "keyterms": ["x"],
            "language_hints": ["en"]}  # fmt: skip
    bad = {"type": "Configure", "thresholds": {"eot_threshold": 3}}
    told = flux(server, [json.dumps(good), json.dumps(bad), CLOSE])
    assert told.kinds == ["Connected", "ConfigureSuccess", "ConfigureFailure"]
    assert told.messages[1]["thresholds"]["eot_threshold"] == 0.8
    assert told.messages[1]["keyterms"] == ["x"]


def test_configure_changes_what_is_listened_for(serve: Serve) -> None:
    engine = Watched(script_of(TEXT))
    hint = {"type": "Configure", "language_hints": ["de"]}
    wrong = {"type": "Configure", "language_hints": ["tlh"]}
    early = {"type": "Configure", "thresholds": {"eager_eot_threshold": 0.3}}
    frames = [*AUDIO[:20], json.dumps(hint), json.dumps(wrong), json.dumps(early), *AUDIO[20:]]
    told = flux(serve(engine), [*frames, CLOSE], model="flux-general-multi")
    answers = [m for m in told.messages if m["type"].startswith("Configure")]
    assert [m["type"][9:] for m in answers] == ["Success", "Failure", "Success"]
    assert answers[0]["language_hints"] == ["de"]
    assert "tlh" in answers[1]["description"]
    assert answers[2]["thresholds"]["eager_eot_threshold"] == 0.3
    assert "de" in {language for _, language in engine.languages}


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=400),
            st.text(max_size=40),
            st.sampled_from([silence(0.5), FORCE, FINALIZE, '{"type":"Configure","thresholds":7}']),
        ),
        max_size=10,
    )
)
@settings(max_examples=25)
def test_any_frames_get_documented_answers(server: Running, frames: list[bytes | str]) -> None:
    told = flux(server, [*frames, CLOSE])
    known = {"Connected", "TurnInfo", "Warning", "ConfigureSuccess", "ConfigureFailure"}
    assert set(told.kinds) <= known
    assert all(message.get("event") in (None, *EVENTS) for message in told.messages)
    assert told.code == 1000
