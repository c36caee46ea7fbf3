"""A recording as server-sent events: what is sent is never taken back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import StreamOptions
from livestt.events import Committed, Ended, Event, Word
from livestt.protocols.openai_rest.request import Request
from livestt.protocols.openai_rest.stream import DONE, TextStream
from livestt.recording import NO_DIARIZER, Recording
from livestt.transcript import Layout

from ..recordings import EVENTS, SECOND, TEXT


def told(events: tuple[Event, ...] = EVENTS, **wishes: Any) -> list[dict[str, Any]]:
    request = Request(**{"format": "json", "options": StreamOptions(), **wishes})
    made = Recording(Layout(), None)
    made.warnings = [NO_DIARIZER] if request.format == "diarized_json" else []
    stream = TextStream(request, made)
    sent = []
    for event in events:
        made.apply([event])
        sent += stream.receive([event])
    sent += stream.finish()
    assert sent.pop() == DONE
    assert all(text.startswith("data: {") and text.endswith("}\n\n") for text in sent)
    assert all(text.count("\n") == 2 for text in sent)
    return [json.loads(text.removeprefix("data: ")) for text in sent]


def test_deltas_and_then_the_text() -> None:
    assert told() == [
        {"type": "transcript.text.delta", "delta": "Hello, world."},
        {"type": "transcript.text.delta", "delta": " It is late."},
        {"type": "transcript.text.done", "text": TEXT, "languages": [{"code": "en"}]},
    ]


def test_log_probabilities_come_with_each_and_all_in_the_end() -> None:
    messages = told(logprobs=True)
    assert [len(message["logprobs"]) for message in messages] == [2, 3, 5]


def test_segments_of_speakers_come_as_they_close() -> None:
    messages = told(format="diarized_json")
    kinds = [message["type"].removeprefix("transcript.text.") for message in messages]
    assert kinds == ["delta", "segment", "delta", "segment", "done"]
    assert [m["text"] for m in messages if "segment" in m["type"]] == [
        "Hello, world.",
        "It is late.",
    ]
    assert messages[-1]["warnings"][0]["code"] == "speakers_unavailable"


texts = st.lists(st.sampled_from([" one", " two.", "...", "、", " a\nb", "ß "]), max_size=12)


@given(texts)
def test_deltas_joined_are_the_final_text(words: list[str]) -> None:
    committed = [
        Committed((Word(text, i * SECOND, (i + 1) * SECOND),)) for i, text in enumerate(words)
    ]
    messages = told((*committed, Ended(99 * SECOND)))
    deltas = [m["delta"] for m in messages if m["type"] == "transcript.text.delta"]
    assert "".join(deltas) == messages[-1]["text"]
    assert messages[-1]["text"].strip() == "".join(words).strip()
