"""What may stand in the address of a Deepgram request, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.errors import BadRequest
from livestt.protocols.deepgram.query import parse_live

from .tools import ENGINE, live_request

NAMES = [
    *("encoding", "sample_rate", "channels", "multichannel", "interim_results", "endpointing"),
    *("utterance_end_ms", "vad_events", "punctuate", "smart_format", "diarize", "keyterm"),
    *("keywords", "language", "language_hint", "detect_language", "redact", "replace", "extra"),
    *("callback", "tag", "diarize_model", "search", "model", "version", "numerals", "extra[a]"),
]
VALUES = ["true", "False", "1", "0", "", "linear16", "opus", "8000", "999", "-1", "en-US", "multi",
          "a:b", "ß:2", "x", "v2", "9" * 30, "\x00", "NaN"]  # fmt: skip


class TestSound:
    def test_nothing_said_is_a_container(self) -> None:
        assert live_request().sound.audio == AudioFormat("auto")

    @pytest.mark.parametrize("encoding", ["flac", "ogg-opus"])
    def test_coded_with_a_container(self, encoding: str) -> None:
        sound = live_request(encoding=encoding, sample_rate=48000).sound
        assert (sound.audio, sound.framing) == (AudioFormat("auto"), "none")

    @pytest.mark.parametrize(
        ("encoding", "name"),
        [("linear16", "s16le"), ("linear32", "f32le"), ("mulaw", "mulaw"), ("ALAW", "alaw")],
    )
    @pytest.mark.parametrize("rate", [8000, 24000, 44100])
    def test_raw(self, encoding: str, name: str, rate: int) -> None:
        sound = live_request(encoding=encoding, sample_rate=rate, channels=2).sound
        assert sound.audio == AudioFormat(name, rate, 2)  # type: ignore[arg-type]

    @pytest.mark.parametrize("encoding", ["opus", "speex", "amr-nb", "amr-wb", "g729"])
    def test_bare_packets(self, encoding: str) -> None:
        sound = live_request(encoding=encoding).sound
        assert (sound.audio.encoding, sound.framing) == ("auto", encoding)

    def test_channels_apart(self) -> None:
        request = live_request(encoding="linear16", sample_rate=8000, channels=3, multichannel=True)
        assert request.channels == 3

    def test_channels_mixed(self) -> None:
        assert live_request(encoding="linear16", sample_rate=8000, channels=3).channels == 1


@pytest.mark.parametrize(
    "query",
    [
        {"encoding": "linear16"},
        {"encoding": "linear17", "sample_rate": "16000"},
        {"encoding": "mulaw", "sample_rate": "16k"},
        {"encoding": "linear16", "sample_rate": "1"},
        {"channels": "0"},
        {"channels": "9"},
        {"multichannel": "true"},
        {"encoding": "g729", "channels": "2", "multichannel": "true"},
        {"utterance_end_ms": "999"},
        {"utterance_end_ms": "5001"},
        {"endpointing": "soon"},
        {"endpointing": "-5"},
        {"interim_results": "perhaps"},
        {"language": "klingon"},
        {"diarize_model": "v2"},
        {"redact": "pci"},
        {"callback": "https://example.org/"},
        {"keyterm": "x" * 5000},
    ],
    ids=lambda query: ",".join(f"{name}={value[:20]}" for name, value in query.items()),
)
def test_is_refused_by_name(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as refusal:
        live_request(**query)
    assert any(name in str(refusal.value) for name in query)


def test_a_refusal_has_the_words_clients_know() -> None:
    with pytest.raises(BadRequest, match=r"^Invalid 'utterance_end_ms' value of '999'"):
        live_request(utterance_end_ms=999)


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "1"])
def test_switches_are_read_in_any_case(value: str) -> None:
    assert live_request(interim_results=value).interim_results


@pytest.mark.parametrize(
    ("query", "speech_final", "silence"),
    [
        ({}, True, None),
        ({"endpointing": "true"}, True, None),
        ({"endpointing": "300"}, True, 300),
        ({"endpointing": "0"}, True, 0),
        ({"endpointing": "false"}, False, None),
    ],
)
def test_endpointing(query: dict[str, str], speech_final: bool, silence: int | None) -> None:
    request = live_request(**query)
    assert (request.speech_final, request.endpointing_ms) == (speech_final, silence)


@pytest.mark.parametrize(
    ("pairs", "language"),
    [
        ([], "fr"),
        ([("language", "en-US")], "en"),
        ([("language", "multi")], None),
        ([("language", "multi"), ("language_hint", "de")], "de"),
        ([("language", "multi"), ("language_hint", "de"), ("language_hint", "es")], None),
        ([("language_hint", "de")], "de"),
        ([("language", "es"), ("language_hint", "de")], "es"),
        ([("detect_language", "true")], None),
        ([("detect_language", "true"), ("language", "es")], "es"),
    ],
)
def test_language(pairs: list[tuple[str, str]], language: str | None) -> None:
    request = parse_live(pairs, ENGINE, StreamOptions(language="fr"))
    assert request.options.language == language


def test_key_terms_and_keywords_are_hotwords() -> None:
    pairs = [("keyterm", "New York"), ("keyterm", "a:b"), ("keywords", "snuffle:2"),
             ("keywords", "never:-10"), ("keywords", "plain"), ("keywords", "odd:x")]  # fmt: skip
    options = live_request(*pairs).options
    assert options.hotwords == ("New York", "a:b", "snuffle", "plain", "odd:x")


def test_what_is_not_known_is_ignored() -> None:
    assert live_request(model="nova-3", no_delay=True, filler_words=True, sentiment="x")


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=8))
def test_any_address_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    with suppress(BadRequest):
        parse_live(pairs, ENGINE, StreamOptions())
