"""What Deepgram clients say in text frames."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.errors import BadRequest
from livestt.protocols.deepgram.control import (
    BadConfigure,
    CloseStream,
    Configure,
    Finalize,
    ForceEndTurn,
    Ignored,
    KeepAlive,
    configure_failure,
    configure_success,
    parse_control,
    schema_error,
)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ('{"type":"KeepAlive"}', KeepAlive()),
        ('{"type":"Finalize"}', Finalize()),
        ('{"type":"Finalize","channel":1}', Finalize(1)),
        ('{"type":"CloseStream"}', CloseStream()),
        ('{"type":"ForceEndTurn"}', ForceEndTurn()),
        ('{"type":"Configure","keyterms":["Zürich"]}', Configure(keyterms=("Zürich",))),
        ('{"type":"Configure","keyterms":null}', Configure(keyterms=())),
        ('{"type":"Configure","features":{"numerals":true}}', Configure()),
        ('{"type":"Configure","processors":{}}', Ignored()),
        ('{"type":"Configure","thresholds":{"eot_threshold":0.8}}',
         Configure(thresholds={"eot_threshold": 0.8})),
    ],
)  # fmt: skip
def test_known_messages(text: str, control: object) -> None:
    assert parse_control(text, channels=2) == control


@pytest.mark.parametrize(
    "text",
    ["", "hello", "[]", "7", "{}", '{"type":"Flush"}', '{"type":["KeepAlive"]}', "[" * 100_000,
     '{"type":"Finalize","channel":2}', '{"type":"Finalize","channel":true}'],
)  # fmt: skip
def test_anything_else_is_answered_and_harmless(text: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_control(text, channels=2)
    answer = schema_error(text, refusal.value)
    assert (answer["type"], answer["variant"]) == ("Error", "SchemaError")
    assert answer["description"].startswith("Could not deserialize last text message")
    assert len(answer["message"]) <= 1000


@pytest.mark.parametrize(
    ("keyterms", "code"),
    [
        ("word", "CONFIGURE_INTERNAL_ERROR"),
        ([1], "CONFIGURE_INTERNAL_ERROR"),
        (["\ud800"], "CONFIGURE_INTERNAL_ERROR"),
        (["x" * 5000], "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"),
    ],
)
def test_a_bad_configure_fails_with_a_code(keyterms: object, code: str) -> None:
    with pytest.raises(BadConfigure) as refusal:
        parse_control(json.dumps({"type": "Configure", "keyterms": keyterms}))
    answer = configure_failure("id", refusal.value)
    assert (answer["type"], answer["code"]) == ("ConfigureFailure", code)
    json.dumps(answer, ensure_ascii=False).encode()


@pytest.mark.parametrize("number", ["1" * 400, "true", '"0.7"', "[]"])
def test_thresholds_that_are_no_numbers_fail_with_a_code(number: str) -> None:
    with pytest.raises(BadConfigure):
        parse_control(f'{{"type":"Configure","thresholds":{{"eot_threshold":{number}}}}}')


def test_a_configure_is_confirmed_with_what_it_replaced() -> None:
    assert configure_success("id", Configure()) == {"type": "ConfigureSuccess", "request_id": "id"}
    assert configure_success("id", Configure(("a",)))["keyterms"] == ["a"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
messages = st.builds(
    lambda kind, more: json.dumps({**more, "type": kind}),
    st.sampled_from(["KeepAlive", "Finalize", "CloseStream", "Configure", "ForceEndTurn", "x"]),
    st.dictionaries(
        st.sampled_from(["channel", "keyterms", "thresholds", "language_hints", "processors"]),
        json_values,
    ),
)


@given(st.one_of(st.text(), messages))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_control(text)
    except BadRequest as error:
        json.dumps(schema_error(text, error), ensure_ascii=False).encode()
