"""Requests and sessions for the Deepgram tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.events import Event, Word
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.live import LiveResults, Message
from livestt.protocols.deepgram.query import LiveRequest, parse_live

ENGINE = ScriptedEngine().capabilities
ABOUT = About("11111111-2222-4333-8444-555555555555", ENGINE)
SECOND = 16_000


def live_request(*pairs: tuple[str, str], **query: Any) -> LiveRequest:
    named = [(name, str(value).lower()) for name, value in query.items()]
    return parse_live([*named, *pairs], ENGINE, StreamOptions())


def live_results(**query: Any) -> LiveResults:
    return LiveResults(live_request(**query), ABOUT)


def words(
    text: str, start: float = 0.0, *, pace: float = 0.4, last: float = 0.3
) -> tuple[Word, ...]:
    """Words said at an even pace; times in seconds."""
    starts = [start + i * pace for i in range(len(text.split()))]
    return tuple(
        Word(f" {word}", round(at * SECOND), round((at + last) * SECOND), 0.9, "en")
        for word, at in zip(text.split(), starts, strict=True)
    )


def told(results: LiveResults, events: Iterable[Event]) -> list[Message]:
    """What is said after each event, by a client that reads as fast as it can."""
    messages = []
    for event in events:
        messages += results.receive_events([event])
        guess = results.guess()
        if guess is not None:
            messages.append(guess)
    return messages


def text_of(message: Message) -> str:
    return str(message["channel"]["alternatives"][0]["transcript"])


def brief(message: Message) -> tuple[Any, ...]:
    """The gist of a message: type or text, range, and which flags are up."""
    if message["type"] != "Results":
        at = message.get("timestamp", message.get("last_word_end"))
        return (message["type"], at)
    flags = "".join(
        letter
        for letter, name in (("F", "is_final"), ("S", "speech_final"), ("Z", "from_finalize"))
        if message[name]
    )
    start = message["start"]
    return (text_of(message), start, round(start + message["duration"], 3), flags)
