"""Forms of OpenAI's clients, read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadRequest
from livestt.protocols.openai_rest.request import Request, parse
from livestt.vad.endpointing import EndpointingOptions

from ..recordings import refusal

ENGINE = ScriptedEngine().capabilities
USUAL = EndpointingOptions()


def read(*pairs: tuple[str, str], translate: bool = False, **defaults: object) -> Request:
    usual = StreamOptions(**defaults)  # type: ignore[arg-type]
    return parse(pairs, ENGINE, usual, USUAL, translate=translate)


def test_the_least_a_client_sends() -> None:
    assert read(language="fr", prompt="Hm.", hotwords=("x",)) == Request(
        "json", StreamOptions("fr", prompt="Hm.", hotwords=("x",))
    )


def test_everything_a_client_sends() -> None:
    wishes = read(
        ("model", "gpt-4o-transcribe"),
        ("language", "de"),
        ("prompt", " Guten Tag. "),
        ("keywords[]", "Ada"),
        ("keywords[]", "Grace"),
        ("hotwords", "Edsger, Barbara"),
        ("response_format", "verbose_json"),
        ("temperature", "0.4"),
        ("timestamp_granularities[]", "word"),
        ("include[]", "logprobs"),
        ("stream", "true"),
        ("chunking_strategy[type]", "server_vad"),
        ("chunking_strategy[threshold]", "0.6"),
        ("chunking_strategy[prefix_padding_ms]", "100"),
        ("chunking_strategy[silence_duration_ms]", "900"),
        ("from_the_future", "x"),
    )
    assert wishes.options == StreamOptions(
        "de", prompt="Guten Tag.", hotwords=("Ada", "Grace", "Edsger", "Barbara")
    )
    assert (wishes.words, wishes.segments, wishes.logprobs, wishes.stream) == (
        True, False, True, True,
    )  # fmt: skip
    assert wishes.endpointing == replace(
        USUAL, threshold=0.6, release_threshold=0.6 - 0.15, pre_roll_ms=100, min_silence_ms=900
    )


def test_a_translation_is_english_and_needs_an_engine_that_can() -> None:
    assert read(translate=True).options.task == "translate"
    with pytest.raises(BadRequest, match="does not translate"):
        parse((), replace(ENGINE, translates=False), StreamOptions(), USUAL, translate=True)
    with pytest.raises(BadRequest) as caught:
        read(("response_format", "diarized_json"), translate=True)
    assert caught.value.param == "response_format"


def test_languages_to_choose_from() -> None:
    wishes = read(("languages[]", "de"), ("languages[]", "fr-CH"), language="en")
    assert (wishes.options.language, wishes.candidates) == (None, ("de", "fr"))
    assert read(("languages[]", "de")).options.language == "de"
    assert read(("language", "auto"), language="en").options.language is None


def test_known_speakers() -> None:
    sample = "data:audio/wav;base64,AAAA"
    wishes = read(
        ("response_format", "diarized_json"),
        ("known_speaker_names[]", "Ada"),
        ("known_speaker_references[]", sample),
        ("chunking_strategy", "auto"),
    )
    assert wishes.speakers is not None
    assert (wishes.speakers.names, wishes.speakers.samples) == (("Ada",), (sample,))
    assert wishes.endpointing is None
    assert read().speakers is None


@pytest.mark.parametrize(
    ("pair", "param"),
    [
        (("response_format", "docx"), "response_format"),
        (("temperature", "1.5"), "temperature"),
        (("temperature", "warm"), "temperature"),
        (("language", "klingon"), "language"),
        (("languages[]", "xx"), "languages"),
        (("timestamp_granularities[]", "letter"), "timestamp_granularities"),
        (("include[]", "everything"), "include"),
        (("stream", "perhaps"), "stream"),
        (("chunking_strategy", "manual"), "chunking_strategy"),
        (("chunking_strategy", "{"), "chunking_strategy"),
        (("chunking_strategy", '{"type": "semantic"}'), "chunking_strategy"),
        (("chunking_strategy[threshold]", "7"), "chunking_strategy[threshold]"),
        (("known_speaker_names[]", "Ada"), "known_speaker_references"),
        (("prompt", "x" * 5000), "prompt"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(pair: tuple[str, str], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(pair)
    assert caught.value.param == param


def test_too_many_voices_and_samples_that_are_none() -> None:
    name, sample = ("known_speaker_names[]", "x"), ("known_speaker_references[]", "data:,")
    with pytest.raises(BadRequest, match="up to 4"):
        read(*[name, sample] * 5)
    with pytest.raises(BadRequest, match="data URLs"):
        read(name, ("known_speaker_references[]", "https://example.org/ada.wav"))


NAMES = (
    *("model", "language", "languages[]", "prompt", "keywords[]", "response_format", "include[]"),
    *("temperature", "timestamp_granularities[]", "stream", "chunking_strategy", "hotwords"),
    *("chunking_strategy[threshold]", "chunking_strategy[prefix_padding_ms]"),
    *("known_speaker_names[]", "known_speaker_references[]"),
)
VALUES = st.one_of(
    st.sampled_from(["", "true", "0.5", "1e400", "auto", "word", "[]", "{}", "[1]", '{"a": []}']),
    st.text(max_size=12),
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6), st.booleans())
def test_any_form_is_read_or_refused(pairs: list[tuple[str, str]], translate: bool) -> None:
    error = refusal(lambda: read(*pairs, translate=translate))
    assert error is None or error.param


def test_there_may_be_only_so_many_keywords() -> None:
    """The engine is told all of them with every job."""
    error = refusal(lambda: read(*[("keywords[]", "Ada" * 100)] * 10, ("hotwords", "x" * 2000)))
    assert error is not None
    assert error.param == "keywords"
