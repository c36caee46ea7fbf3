"""All dialects tell the same words of the same session, whatever was said and how."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestt.client.state import CaptionState
from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.events import Event
from livestt.protocols import asr_rest, wyoming
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.flux import FluxTurns
from livestt.protocols.deepgram.flux_query import Thresholds
from livestt.protocols.deepgram.live import LiveResults
from livestt.protocols.deepgram.prerecorded import HeardChannel, parse_file
from livestt.protocols.deepgram.prerecorded import answer as deepgram_answer
from livestt.protocols.deepgram.query import parse_live
from livestt.protocols.native_state import NativeStates
from livestt.protocols.openai_realtime import Realtime
from livestt.protocols.openai_realtime.client_events import ClientEvent, Update
from livestt.protocols.openai_rest.answer import answer as openai_answer
from livestt.protocols.openai_rest.request import parse as openai_request
from livestt.protocols.openai_rest.stream import TextStream
from livestt.recording import Recording
from livestt.timebase import from_seconds
from livestt.transcript import Layout, Transcript
from livestt.vad.endpointing import EndpointingOptions

from .engines import AdversarialEngine
from .rig import HIGH, LOW, Rig

ENGINE = ScriptedEngine().capabilities
OPTIONS = StreamOptions()
ENDPOINTING = EndpointingOptions()
LAYOUT = Layout(retention=from_seconds(10**6))
ABOUT = About("00000000-0000-0000-0000-000000000000", ENGINE)
QUERY = [("encoding", "linear16"), ("sample_rate", "16000"), ("punctuate", "true")]

Batches = Sequence[Sequence[Event]]
Dialect = Callable[[Batches], str]
"""What a client of the dialect has in the end. Words may be joined by other blanks."""


def recorded(batches: Batches) -> Recording:
    recording = Recording(LAYOUT, None)
    for events in batches:
        recording.apply(events)
    return recording


def native(mode: Any) -> Dialect:
    def tell(batches: Batches) -> str:
        transcript, states, client = Transcript(LAYOUT), NativeStates(mode), CaptionState()
        for events in batches:
            transcript.apply(events)
            message = states.message(transcript)
            if message is not None:
                client.apply(json.loads(json.dumps(message)))
        return client.committed_text

    return tell


def deepgram(*query: tuple[str, str]) -> Dialect:
    def tell(batches: Batches) -> str:
        results = LiveResults(parse_live([*QUERY, *query], ENGINE, OPTIONS), ABOUT)
        messages = []
        for events in batches:
            messages += results.receive_events(events)
            results.guess()
        return " ".join(
            message["channel"]["alternatives"][0]["transcript"]
            for message in messages
            if message["type"] == "Results" and message["is_final"]
        )

    return tell


def flux(batches: Batches) -> str:
    turns, messages = FluxTurns(ABOUT, Thresholds(), 500), []
    for events in batches:
        messages += turns.receive_events(events)
    told = {m["turn_index"]: m["transcript"] for m in messages if m["type"] == "TurnInfo"}
    return " ".join(told.values())


def realtime(turn_detection: Any) -> Dialect:
    def tell(batches: Batches) -> str:
        session = Realtime("x", ENGINE, OPTIONS, ENDPOINTING)
        turns = {"audio": {"input": {"turn_detection": turn_detection}}}
        session.receive(ClientEvent(Update(turns, beta=False)))
        messages = [m for events in batches for m in session.receive_events(events)]
        deltas = "".join(m["delta"] for m in messages if m["type"].endswith("transcription.delta"))
        items = [m["transcript"] for m in messages if m["type"].endswith("completed")]
        assert letters(" ".join(items)) == letters(deltas)
        return " ".join(items)

    return tell


def sse(batches: Batches) -> str:
    recording = Recording(LAYOUT, None)
    stream = TextStream(openai_request([], ENGINE, OPTIONS, ENDPOINTING), recording)
    lines: list[str] = []
    for events in batches:
        recording.apply(events)
        lines += stream.receive(events)
    lines += stream.finish()
    messages = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    deltas = "".join(m["delta"] for m in messages if m["type"] == "transcript.text.delta")
    [done] = [m["text"] for m in messages if m["type"] == "transcript.text.done"]
    assert done == deltas
    return str(done)


def openai_rest(format: str, *fields: tuple[str, str]) -> Callable[[Batches], Any]:
    def tell(batches: Batches) -> Any:
        form = [("response_format", format), *fields]
        request = openai_request(form, ENGINE, OPTIONS, ENDPOINTING)
        body = openai_answer(request, recorded(batches)).body
        return json.loads(body) if format.endswith("json") else body

    return tell


def asr(*query: tuple[str, str]) -> Callable[[Batches], Any]:
    def tell(batches: Batches) -> Any:
        request = asr_rest.parse(query, [], ENGINE, OPTIONS)
        answer = asr_rest.answer(request, recorded(batches))
        return json.loads(answer.body) if answer.media_type.startswith("application") else (
            answer.body
        )  # fmt: skip

    return tell


def deepgram_file(batches: Batches) -> str:
    recording = recorded(batches)
    body = deepgram_answer(
        parse_file([("punctuate", "true")], ENGINE, OPTIONS), ABOUT,
        [HeardChannel(recording.words)], sha256="", created="", duration=1.0,
    )  # fmt: skip
    return str(body["results"]["channels"][0]["alternatives"][0]["transcript"])


def home_assistant(batches: Batches) -> str:
    transcription = wyoming.Transcription(None)
    messages = [m for events in batches for m in transcription.receive_events(events)]
    [text] = [m.data["text"] for m in messages if m.type == "transcript"]
    assert text == "".join(m.data["text"] for m in messages if m.type == "transcript-chunk")
    return str(text)


def field(name: str, of: Callable[[Batches], Any], *path: str) -> Dialect:
    """The texts of a list in a JSON answer, or the one text that is there."""

    def tell(batches: Batches) -> str:
        found = of(batches)[name]
        return found if isinstance(found, str) else " ".join(entry[path[0]] for entry in found)

    return tell


def cues(of: Callable[[Batches], str]) -> Dialect:
    """The text of subtitles."""

    def tell(batches: Batches) -> str:
        return re.sub(r"^(WEBVTT|\d+|.* --> .*)$", "", of(batches), flags=re.MULTILINE)

    return tell


WORDS = ("timestamp_granularities[]", "word")
DIALECTS: dict[str, Dialect] = {
    "native, full": native("full"),
    "native, diff": native("diff"),
    "Deepgram": deepgram(),
    "Deepgram with guesses": deepgram(("interim_results", "true"), ("utterance_end_ms", "1000")),
    "Deepgram without endpointing": deepgram(("endpointing", "false")),
    "Deepgram Flux": flux,
    "Deepgram file": deepgram_file,
    "Realtime, the server detects turns": realtime({"type": "server_vad"}),
    "Realtime, the client commits": realtime(None),
    "OpenAI SSE": sse,
    "OpenAI json": field("text", openai_rest("json")),
    "OpenAI text": openai_rest("text"),
    "OpenAI srt": cues(openai_rest("srt")),
    "OpenAI vtt": cues(openai_rest("vtt")),
    "OpenAI segments": field("segments", openai_rest("verbose_json"), "text"),
    "OpenAI words": field("words", openai_rest("verbose_json", WORDS), "word"),
    "OpenAI diarized": field("segments", openai_rest("diarized_json"), "text"),
    "/asr json": field("text", asr(("output", "json"))),
    "/asr words": field("word_segments", asr(("output", "json")), "word"),
    "/asr wrapped": field("text", asr(("output_format", "json")), "text"),
    "/asr txt": asr(("output", "txt")),
    "/asr srt": cues(asr(("output", "srt"))),
    "Wyoming": home_assistant,
}


def letters(text: str) -> str:
    """Without blanks, of which each dialect has its own."""
    return "".join(text.split())


@st.composite
def sessions(draw: st.DrawFn) -> tuple[str, Batches]:
    """What was said in a session, and its events as they came."""
    seed = draw(st.none() | st.integers(0, 10**6))
    rig = Rig("localagreement") if seed is None else disturbed(seed)
    steps = st.tuples(st.sampled_from(["say", "say", "hush", "flush", "work"]), st.integers(1, 90))
    batches: list[Sequence[Event]] = []
    for kind, count in [*draw(st.lists(steps, min_size=1, max_size=15)), ("end", 0)]:
        done = len(rig.book.events)
        match kind:
            case "say":
                rig.write(rig.now, rig.now + count * 512)
                rig.frames([HIGH] * count)
            case "hush":
                rig.frames([LOW] * count)
            case "flush":
                rig.flush(None)
            case "work":
                rig.work()
            case _:
                rig.end()
        batches.append(rig.book.events[done:])
    return "".join(word.text for word in rig.book.words), batches


def disturbed(seed: int) -> Rig:
    """A session whose engine answers anything."""
    engine = AdversarialEngine(Random(seed))
    return Rig("alignatt", capabilities=engine.capabilities, answer=engine.answer)


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=20)
@given(session=sessions())
def test_a_dialect_tells_what_was_said(name: str, session: tuple[str, Batches]) -> None:
    said, batches = session
    assert letters(DIALECTS[name](batches)) == letters(said)


@settings(max_examples=20)
@given(session=sessions())
def test_it_does_not_matter_how_events_come_together(session: tuple[str, Batches]) -> None:
    said, batches = session
    whole = [event for events in batches for event in events]
    for name, tell in DIALECTS.items():
        assert letters(tell([[event] for event in whole])) == letters(said), name
        assert letters(tell([whole])) == letters(said), name
