from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest, TooManySessions
from livestt.protocols.native import (
    PCM_INPUT,
    Ack,
    Close,
    Configure,
    Control,
    Flush,
    Keepalive,
    Request,
    Resync,
    config_message,
    error_message,
    parse_control,
    parse_query,
)
from livestt.protocols.options import MAX_TEXT, configured

ENGINE = Capabilities(
    "test", "none", "window", languages=frozenset({"en", "fr", "yue"}), detects_language=True
)
DEFAULTS = StreamOptions(language="fr", prompt="default", hotwords=("one",))


T = TypeVar("T")


def attempt(read: Callable[[], T]) -> T | BadRequest:
    try:
        return read()
    except BadRequest as refusal:
        return refusal


def ask(engine: Capabilities = ENGINE, *, pcm_input: bool = False, **query: str) -> Request:
    return parse_query(query, engine, DEFAULTS, pcm_input=pcm_input)


class TestQuery:
    def test_nothing_asked_for_is_the_default(self) -> None:
        request = ask(unknown="ignored")
        assert request == Request(DEFAULTS, AudioFormat(), "full", words=False)

    def test_everything_asked_for(self) -> None:
        request = ask(
            language="EN-us",
            mode="diff",
            words="true",
            encoding="mulaw",
            sample_rate="8000",
            channels="2",
            prompt="p",
            hotwords="a, b,,",
        )
        assert request.options == StreamOptions("en", prompt="p", hotwords=("a", "b"))
        assert request.audio == AudioFormat("mulaw", 8_000, 2)
        assert (request.mode, request.words) == ("diff", True)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("language", "xx"),
            ("language", " "),
            ("language", "x" * 100_000),
            ("mode", "half"),
            ("mode", ""),
            ("words", "maybe"),
            ("encoding", "mp3"),
            ("sample_rate", "fast"),
            ("sample_rate", "3999"),
            ("sample_rate", "192001"),
            ("sample_rate", "-16000"),
            ("sample_rate", "1e4"),
            ("sample_rate", "9" * 5_000),
            ("sample_rate", ""),
            ("channels", "0"),
            ("channels", "9"),
            ("channels", "two"),
            ("prompt", "x" * (MAX_TEXT + 1)),
            ("hotwords", "x" * (MAX_TEXT + 1)),
        ],
    )
    def test_a_bad_value_is_refused_by_name(self, name: str, value: str) -> None:
        with pytest.raises(BadRequest, match=name) as refusal:
            ask(**{"encoding": "s16le", name: value})
        assert len(str(refusal.value)) < 300

    @given(
        st.dictionaries(
            st.sampled_from(
                ["language", "mode", "words", "encoding", "sample_rate", "channels", "prompt"]
            ),
            st.text() | st.integers().map(str) | st.sampled_from(["auto", "diff", "s16le", "en"]),
        )
    )
    def test_any_query_is_read_or_refused(self, query: dict[str, str]) -> None:
        request = attempt(lambda: parse_query(query, ENGINE, DEFAULTS, pcm_input=False))
        if isinstance(request, BadRequest):
            assert any(name in str(request) for name in query)
        else:
            assert request.options.language in {None, *ENGINE.languages}
            assert request.mode in ("full", "diff")

    def test_pcm_input_declares_what_is_undeclared(self) -> None:
        assert ask(pcm_input=True).audio == PCM_INPUT
        assert ask(pcm_input=True, encoding="alaw").audio.encoding == "alaw"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
known = st.sampled_from(
    ["configure", "flush", "pause", "unpause", "keepalive", "ack", "resync", "close"]
)
messages = st.fixed_dictionaries(
    {"type": known | json_values},
    optional={"id": json_values, "seq": json_values, "prompt": json_values},
)


class TestControl:
    @pytest.mark.parametrize(
        ("message", "control"),
        [
            ({"type": "flush"}, Flush(None)),
            ({"type": "flush", "id": "a"}, Flush("a")),
            ({"type": "flush", "id": 7}, Flush("7")),
            ({"type": "pause"}, Flush(None)),
            ({"type": "unpause"}, Keepalive()),
            ({"type": "keepalive"}, Keepalive()),
            ({"type": "ack", "seq": 3}, Ack(3)),
            ({"type": "resync"}, Resync()),
            ({"type": "close"}, Close()),
            ({"type": "configure", "prompt": "p"}, Configure({"prompt": "p"})),
        ],
    )
    def test_known_messages(self, message: dict[str, Any], control: Control) -> None:
        assert parse_control(json.dumps(message)) == control

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("", "JSON"),
            ("hello", "JSON"),
            ('"flush"', "objects"),
            ("[]", "objects"),
            ("{}", "type"),
            ('{"type": "dance"}', "dance"),
            ('{"type": ["flush"]}', "type"),
            ('{"type": "ack"}', "seq"),
            ('{"type": "ack", "seq": true}', "seq"),
            ('{"type": "ack", "seq": "1"}', "seq"),
            ('{"type": "flush", "id": []}', "id"),
            ('{"type": "flush", "id": false}', "id"),
            ('{"type": "flush", "id": "\\ud800"}', "surrogate"),
            ('{"type": "configure", "prompt": "\\udc00"}', "surrogate"),
            ("[" * 4_000 + "]" * 4_000, "nested"),
        ],
    )
    def test_a_bad_message_is_refused_with_a_reason(self, text: str, complaint: str) -> None:
        with pytest.raises(BadRequest, match=complaint):
            parse_control(text)

    @given(st.text() | json_values.map(json.dumps) | messages.map(json.dumps))
    @example('{"type": ' + "9" * 5_000 + "}")
    @example('{"type": ' + "[" * 300 + "]" * 300 + "}")
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        control = attempt(lambda: parse_control(text))
        if isinstance(control, BadRequest):
            assert len(str(control)) < 300
            json.dumps(error_message(control), ensure_ascii=False).encode()
        else:
            assert isinstance(control, get_args(Control))
            if isinstance(control, Flush):
                json.dumps({"id": control.id}, ensure_ascii=False).encode()

    @given(messages)
    def test_any_configuration_is_taken_or_refused(self, message: dict[str, Any]) -> None:
        options = attempt(lambda: configured(DEFAULTS, message, ENGINE))
        if isinstance(options, BadRequest):
            assert "prompt" in str(options)
        else:
            assert isinstance(options.prompt, str)


def test_config_says_what_was_agreed_and_who_answers() -> None:
    message = config_message(ask(encoding="s16le", mode="diff"), ENGINE, "abc", "1.2")
    assert message["type"] == "config"
    assert message["useAudioWorklet"] is True
    assert (message["mode"], message["session"], message["version"]) == ("diff", "abc", "1.2")
    assert (message["language"], message["languages"]) == ("fr", ["en", "fr", "yue"])
    assert json.loads(json.dumps(message)) == message
    assert config_message(ask(), ENGINE, "abc", "1")["useAudioWorklet"] is False


def test_an_error_says_its_message_twice_for_older_clients() -> None:
    message = error_message(TooManySessions("full"))
    assert message == {
        "type": "error",
        "code": "too_many_sessions",
        "message": "full",
        "error": "full",
        "retry_after": 5.0,
    }
    assert "retry_after" not in error_message(BadRequest("no"))
