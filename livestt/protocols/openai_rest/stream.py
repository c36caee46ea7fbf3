"""A recording in the making, as the server-sent events of OpenAI's API. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from livestt.events import Committed, Event, Word
from livestt.protocols.openai_rest.answer import (
    diarized_segment,
    languages,
    logprobs,
    speaker_of,
)
from livestt.protocols.openai_rest.request import Request
from livestt.recording import Recording

DONE = "data: [DONE]\n\n"
PULSE = ": still at it\n\n"
"""A comment, which clients ignore, so that nothing between takes the connection for dead."""


class TextStream:
    """Writes one recording as it grows. Its deltas, joined, are the final text.

    Args:
        request: what was asked.
        recording: has applied the events before they come here.
        names_last: whether speakers may get another name, or be somebody else, until the end.
            Segments then come at the end, all of them.
    """

    def __init__(self, request: Request, recording: Recording, *, names_last: bool = False) -> None:
        self._names_last = names_last
        self._request = request
        self._recording = recording
        self._text = ""
        self._words: list[Word] = []
        self._segments = 0

    def receive(self, events: Iterable[Event]) -> list[str]:
        """What these events give to send."""
        messages = [self._delta(event.words) for event in events if isinstance(event, Committed)]
        segments = [] if self._names_last else self._new_segments()
        return [*map(as_event, messages), *map(as_event, segments)]

    def finish(self) -> list[str]:
        """The last events."""
        message: dict[str, Any] = {"type": "transcript.text.done", "text": self._text}
        if self._recording.language:
            message["languages"] = languages(self._recording)
        if self._request.logprobs:
            message["logprobs"] = logprobs(self._words)
        if self._recording.warnings:
            message["warnings"] = [
                {"code": warning.code, "message": warning.message}
                for warning in self._recording.warnings
            ]
        return [*map(as_event, self._new_segments()), as_event(message), DONE]

    def _delta(self, words: tuple[Word, ...]) -> dict[str, Any]:
        delta = "".join(word.text for word in words)
        if not self._text:
            delta = delta.lstrip()
        self._text += delta
        self._words += words
        message: dict[str, Any] = {"type": "transcript.text.delta", "delta": delta}
        if self._request.logprobs:
            message["logprobs"] = logprobs(words)
        return message

    def _new_segments(self) -> list[dict[str, Any]]:
        if self._request.format != "diarized_json":
            return []
        closed = self._recording.segments
        new, self._segments = closed[self._segments :], len(closed)
        names = self._recording.names
        return [diarized_segment(segment, speaker_of(segment.speaker, names)) for segment in new]


def as_event(message: dict[str, Any]) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(message, ensure_ascii=False)}\n\n"
