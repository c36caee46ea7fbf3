from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadRequest
from livestt.protocols.openai_realtime.configuration import (
    HEARING,
    LOGPROBS,
    NOISE,
    SEMANTIC,
    VAD,
    Configuration,
)
from livestt.vad.endpointing import EndpointingOptions

OPERATOR = EndpointingOptions(threshold=0.6, release_threshold=0.4, min_speech_ms=64)
ENGINE = ScriptedEngine().capabilities
START = Configuration.default(OPERATOR)


def updated(configuration: Configuration = START, **fields: Any) -> Configuration:
    """With fields of ``audio.input`` changed."""
    return configuration.updated({"audio": {"input": fields}}, OPERATOR, beta=False)


def beta(**fields: Any) -> Configuration:
    return START.updated(fields, OPERATOR, beta=True)


def told(configuration: Configuration) -> dict[str, Any]:
    return configuration.to_wire("s", beta=False)["audio"]["input"]


def test_before_the_client_says_anything_the_operator_decides() -> None:
    assert START.audio == AudioFormat("s16le", 24_000)
    assert START.endpointing(OPERATOR).min_speech_ms == 64
    assert START.endpointing(OPERATOR).release_threshold == pytest.approx(0.4)
    assert told(START)["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.6,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
    }


@pytest.mark.parametrize(
    ("asked", "audio"),
    [
        ({"type": "audio/pcm", "rate": 24_000}, AudioFormat("s16le", 24_000)),
        ({"type": "audio/pcm", "rate": 16_000}, AudioFormat("s16le", 16_000)),
        ({"type": "audio/pcm"}, AudioFormat("s16le", 24_000)),
        ({"type": "audio/pcmu"}, AudioFormat("mulaw", 8_000)),
        ({"type": "audio/pcma"}, AudioFormat("alaw", 8_000)),
    ],
)
def test_formats(asked: dict[str, Any], audio: AudioFormat) -> None:
    assert updated(format=asked).audio == audio


def test_formats_of_the_beta() -> None:
    assert beta(input_audio_format="pcm16").audio == AudioFormat("s16le", 24_000)
    assert beta(input_audio_format="g711_ulaw").audio == AudioFormat("mulaw", 8_000)
    assert beta(input_audio_format="g711_alaw").audio == AudioFormat("alaw", 8_000)


def test_only_what_is_present_changes_and_null_clears() -> None:
    first = updated(
        transcription={"model": "whisper-1", "language": "fr", "prompt": "Bonjour."},
        noise_reduction={"type": "near_field", "strength": 0.5},
    )
    second = updated(first, transcription={"prompt": "Salut.", "language": None})
    assert second.transcription == {"model": "whisper-1", "prompt": "Salut."}
    assert second.noise_reduction == {"type": "near_field", "strength": 0.5}
    third = updated(second, transcription=None, noise_reduction=None)
    assert third.transcription is None
    assert third.noise_reduction is None


def test_what_is_asked_of_the_engine() -> None:
    asked = updated(
        transcription={"language": "fr-FR", "prompt": "Bonjour.", "keywords": ["Zoé", " "]}
    )
    options = asked.options(StreamOptions(task="translate"), ENGINE)
    assert options == StreamOptions("fr", "translate", "Bonjour.", ("Zoé",))


def test_one_language_of_a_list_is_that_language_and_several_are_detected() -> None:
    one = updated(transcription={"languages": ["de"]})
    two = updated(transcription={"languages": ["de", "fr"]})
    assert one.options(StreamOptions(), ENGINE).language == "de"
    assert two.options(StreamOptions(), ENGINE).language is None


def test_a_language_that_the_engine_does_not_know_is_refused() -> None:
    asked = updated(transcription={"language": "tlh"})
    with pytest.raises(BadRequest, match="tlh") as refusal:
        asked.options(StreamOptions(), ENGINE)
    assert refusal.value.param == "session.audio.input.transcription"


def test_server_vad_sets_the_endpointing() -> None:
    asked = updated(
        turn_detection={"type": "server_vad", "threshold": 0.3, "prefix_padding_ms": 600}
    )
    endpointing = asked.endpointing(OPERATOR)
    assert endpointing.threshold == 0.3
    assert endpointing.release_threshold == pytest.approx(0.1)
    assert endpointing.pre_roll_ms == 600
    assert endpointing.min_silence_ms == 500
    assert endpointing.min_speech_ms == 64
    patient = updated(asked, turn_detection={"type": "server_vad", "silence_duration_ms": 900})
    assert patient.endpointing(OPERATOR).min_silence_ms == 900
    assert patient.endpointing(OPERATOR).threshold == 0.3


@pytest.mark.parametrize("threshold", [0, 0.001, 0.15, 1])
def test_every_threshold_can_be_worked_with(threshold: float) -> None:
    updated(turn_detection={"type": "server_vad", "threshold": threshold}).endpointing(OPERATOR)


def test_the_more_eager_semantic_vad_is_the_sooner_it_ends() -> None:
    silences = [
        updated(turn_detection={"type": "semantic_vad", "eagerness": eagerness})
        .endpointing(OPERATOR)
        .min_silence_ms
        for eagerness in ("high", "auto", "low")
    ]
    assert silences == sorted(set(silences))


def test_without_turn_detection_the_operator_endpoints() -> None:
    asked = updated(turn_detection=None)
    assert asked.turn_detection is None
    assert asked.endpointing(OPERATOR) == OPERATOR


def test_models_whose_clients_commit_by_themselves_need_not_say_so() -> None:
    for model in ("gpt-realtime-whisper", "gpt-live-transcribe"):
        asked = updated(transcription={"model": model})
        assert asked.turn_detection is None
        assert updated(asked, transcription={"model": "whisper-1"}).turn_detection is not None
    vad = {"type": "server_vad"}
    chosen = updated(transcription={"model": "gpt-live-transcribe"}, turn_detection=vad)
    assert chosen.turn_detection is not None


def test_logprobs_are_included_on_demand() -> None:
    asked = START.updated({"include": [LOGPROBS, "something.new"]}, OPERATOR, beta=False)
    assert asked.logprobs
    assert asked.to_wire("s", beta=False)["include"] == [LOGPROBS]
    assert not asked.updated({"include": None}, OPERATOR, beta=False).logprobs


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"format": "pcm16"}, "format"),
        ({"format": {"type": "audio/opus"}}, "format"),
        ({"format": {"type": "audio/pcm", "rate": 10}}, "format"),
        ({"format": {"type": "audio/pcm", "rate": True}}, "format"),
        ({"transcription": "whisper-1"}, "transcription"),
        ({"transcription": {"model": 3}}, "transcription.model"),
        ({"transcription": {"model": "m" * 300}}, "transcription.model"),
        ({"transcription": {"keywords": "a,b"}}, "transcription.keywords"),
        ({"transcription": {"delay": "forever"}}, "transcription.delay"),
        ({"noise_reduction": {"type": "loud"}}, "noise_reduction.type"),
        ({"turn_detection": "server_vad"}, "turn_detection"),
        ({"turn_detection": {"type": "psychic"}}, "turn_detection"),
        ({"turn_detection": {"threshold": 2}}, "turn_detection.threshold"),
        ({"turn_detection": {"threshold": float("nan")}}, "turn_detection.threshold"),
        ({"turn_detection": {"silence_duration_ms": -1}}, "turn_detection.silence_duration_ms"),
        (
            {"turn_detection": {"type": "semantic_vad", "eagerness": "very"}},
            "turn_detection.eagerness",
        ),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        updated(**fields)
    assert refusal.value.param == f"session.audio.input.{param}"


@pytest.mark.parametrize(
    "session", [{"audio": 3}, {"audio": {"input": 3}}, {"include": "x"}, {"include": [3]}]
)
def test_a_bad_session_is_refused(session: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        START.updated(session, OPERATOR, beta=False)


def test_the_beta_has_the_same_words_on_one_level() -> None:
    asked = beta(
        input_audio_transcription={"model": "whisper-1"},
        input_audio_noise_reduction={"type": "far_field"},
        turn_detection=None,
    )
    wire = asked.to_wire("s", beta=True)
    assert wire["input_audio_format"] == "pcm16"
    assert wire["input_audio_transcription"] == {"model": "whisper-1"}
    assert wire["input_audio_noise_reduction"] == {"type": "far_field"}
    assert wire["turn_detection"] is None
    with pytest.raises(BadRequest):
        beta(input_audio_format="mp3")


def objects(names: Any) -> st.SearchStrategy[Any]:
    values = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
        st.lists(st.text(max_size=3), max_size=2), st.floats(0, 1), st.integers(0, 900),
        st.sampled_from(["audio/pcm", "audio/pcmu", "server_vad", "semantic_vad", "auto", "low"]),
    )  # fmt: skip
    return st.none() | values | st.dictionaries(st.sampled_from([*names, "type", "x"]), values)


inputs = st.fixed_dictionaries(
    {},
    optional={
        "format": objects(["rate"]),
        "transcription": objects(HEARING),
        "noise_reduction": objects(NOISE),
        "turn_detection": objects([*VAD, *SEMANTIC]),
    },
)


@given(st.lists(inputs, max_size=4))
def test_any_update_is_honoured_or_refused(updates: list[dict[str, Any]]) -> None:
    configuration = START
    for fields in updates:
        try:
            new = updated(configuration, **fields)
            new.options(StreamOptions(), ENGINE)
        except BadRequest:
            continue
        configuration = new
        configuration.endpointing(OPERATOR)
        assert configuration.audio
        json.dumps(configuration.to_wire("s", beta=False), allow_nan=False)
        again = updated(START, **told(configuration))
        assert told(again) == told(configuration)
