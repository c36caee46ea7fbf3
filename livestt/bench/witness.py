"""What one client saw, and when: the fold of a server's ``/asr`` messages. Pure.

It understands livestt and WhisperLiveKit. Both show ``lines`` and after them a buffer that may
still change; of livestt's buffer the first ``buffer_final_chars`` characters are committed too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sighting:
    """The text changed, or more of it was committed."""

    at: float
    """Seconds since the session's first sample was due."""
    offset: int
    """Characters that stayed as they were."""
    text: str
    """What follows those now."""
    committed: int
    """Leading characters that the server says it will not change."""


class Witness:
    """Takes the messages of one session in the order in which they came.

    Attributes:
        sightings: every change.
        text: what is shown now.
        config: the server's first message.
        lag: the greatest lag that the server reported, seconds.
        rewritten: how often committed text changed; must be 0.
        finished: the server said that everything was transcribed.
        errors: what the server complained of.
    """

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self.text = ""
        self.config: Mapping[str, Any] | None = None
        self.lag = 0.0
        self.rewritten = 0
        self.finished = False
        self.errors: list[str] = []
        self.states = 0
        self._lines: list[str] = []
        self._ends: list[int] = []
        self._ids: list[Any] = []
        self._pruned = 0
        self._committed = 0

    def see(self, at: float, message: Mapping[str, Any]) -> None:
        """Take one message."""
        match message.get("type"):
            case None | "snapshot":
                if "lines" in message:
                    self._state(at, message, self._pruned, message["lines"])
            case "diff":
                self._diff(at, message)
            case "config":
                self.config = message
            case "ready_to_stop":
                self.finished = True
            case "error":
                self.errors.append(str(message.get("message") or message.get("error")))
            case _:
                pass

    def _diff(self, at: float, message: Mapping[str, Any]) -> None:
        """The lines end with ``new_lines`` and are ``n_lines`` long once the oldest have gone.

        Taken that way a last line that grew replaces itself, which is what WhisperLiveKit means.
        """
        self._pruned += message.get("lines_pruned", 0)
        new = message.get("new_lines", ())
        begin = self._pruned + message["n_lines"] - len(new)
        for update in message.get("updates", ()):
            index = self._ids.index(update["id"])
            begin, new = index, [update, *self._rest(index + 1, begin), *new]
        self._state(at, message, begin, new)

    def _rest(self, begin: int, end: int) -> list[dict[str, Any]]:
        lines = zip(self._ids[begin:end], self._lines[begin:end], strict=True)
        return [{"id": line_id, "text": text} for line_id, text in lines]

    def _state(
        self,
        at: float,
        message: Mapping[str, Any],
        begin: int,
        lines: Sequence[Mapping[str, Any]],
    ) -> None:
        """The lines from index ``begin`` on are now ``lines``, and the buffer is the message's."""
        self.states += 1
        self.lag = max(self.lag, message.get("remaining_time_transcription") or 0.0)
        if message.get("error"):
            self.errors.append(str(message["error"]))
        texts = [(line.get("text") or "").strip() for line in lines]
        same = 0
        known = self._lines[begin:]
        for old, text in zip(known, texts, strict=False):
            if old != text:
                break
            same += 1
        start = begin + same
        if start < len(self._lines) or same < len(texts):
            self._replace_lines(start, texts[same:], [line.get("id") for line in lines[same:]])
        shown = (message.get("buffer_diarization"), message.get("buffer_transcription"))
        buffer = " ".join(part.strip() for part in shown if part)
        kept = self._ends[start - 1] if start else 0
        tail = "".join(f"{text} " for text in self._lines[start:] if text) + buffer
        closed = self._ends[-1] if self._ends else 0
        self._note(at, kept, tail, closed + message.get("buffer_final_chars", 0))

    def _replace_lines(self, start: int, texts: list[str], ids: list[Any]) -> None:
        del self._lines[start:], self._ends[start:], self._ids[start:]
        end = self._ends[-1] if self._ends else 0
        for text in texts:
            end += len(text) + 1 if text else 0
            self._ends.append(end)
        self._lines += texts
        self._ids += ids

    def _note(self, at: float, kept: int, tail: str, committed: int) -> None:
        old = self.text[kept:]
        if old == tail and committed == self._committed:
            return
        offset = kept + common_prefix(old, tail)
        # The space after a line that has closed is not text.
        if min(offset, committed) < len(self.text[: self._committed].rstrip()):
            self.rewritten += 1
        new = tail[offset - kept :]
        self.text = self.text[:offset] + new
        self._committed = committed
        self.sightings.append(Sighting(at, offset, new, committed))


def common_prefix(a: str, b: str) -> int:
    """How many leading characters two texts share."""
    if b.startswith(a):
        return len(a)
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
