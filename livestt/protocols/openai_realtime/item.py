"""A conversation item, and what the client is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import log
from typing import Any

from livestt.errors import EngineError
from livestt.events import Word
from livestt.protocols.openai_rest.answer import speaker_of
from livestt.timebase import to_seconds

Message = dict[str, Any]

TRANSCRIPTION = "conversation.item.input_audio_transcription"
LEAST_SCORE = 1e-6
"""A logarithm needs more than nothing."""


@dataclass(slots=True)
class Item:
    """Audio ``[start, end)``, in samples, and what was said in it."""

    id: str
    start: int
    end: int | None = None
    text: str = ""
    words: list[Word] = field(default_factory=list)
    """Kept where they are told one by one at the end."""
    languages: Counter[str] = field(default_factory=Counter)
    fault: str | None = None
    """Why some of it could not be transcribed."""

    def started(self, at_ms: int) -> Message:
        """Somebody starts to speak."""
        kind = "input_audio_buffer.speech_started"
        return {"type": kind, "audio_start_ms": at_ms, "item_id": self.id}

    def stopped(self, at_ms: int) -> Message:
        """Nobody speaks any more."""
        kind = "input_audio_buffer.speech_stopped"
        return {"type": kind, "audio_end_ms": at_ms, "item_id": self.id}

    def delta(self, text: str, words: Iterable[Word], *, logprobs: bool) -> Message:
        """More of it is known.

        Args:
            text: what follows on the text so far.
            words: the same, word by word.
            logprobs: whether to tell how sure the engine is.
        """
        return self._say(f"{TRANSCRIPTION}.delta", delta=text, **_sure(words, logprobs=logprobs))

    def committed(self, before: str | None, *, beta: bool) -> list[Message]:
        """Its audio is complete, and it joins the conversation.

        Args:
            before: id of the item before it.
            beta: whether it is announced in the words of the beta.
        """
        content = [{"type": "input_audio", "transcript": None}]
        whole = {
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": content,
        }
        return [
            {
                "type": "input_audio_buffer.committed",
                "previous_item_id": before,
                "item_id": self.id,
            },
            *(
                {"type": f"conversation.item.{step}", "previous_item_id": before, "item": whole}
                for step in (("created",) if beta else ("added", "done"))
            ),
        ]

    def completed(self, end: int, *, logprobs: bool) -> list[Message]:
        """All of its text is known, or will never be.

        Args:
            end: sample up to which its audio counts.
            logprobs: whether to tell how sure the engine is.
        """
        if self.fault is not None and not self.text:
            error = {
                "type": "server_error",
                "code": EngineError.code,
                "message": self.fault,
                "param": None,
            }
            return [self._say(f"{TRANSCRIPTION}.failed", error=error)]
        whole = self._say(
            f"{TRANSCRIPTION}.completed",
            transcript=self.text,
            usage={"type": "duration", "seconds": to_seconds(max(0, end - self.start))},
            languages=[{"code": code} for code, _ in self.languages.most_common()],
            **_sure(self.words, logprobs=logprobs),
        )
        return [*self._segments(), whole]

    def _segments(self) -> Iterator[Message]:
        """Who said what, where that is known."""
        known = (word for word in self.words if word.speaker is not None)
        for number, (speaker, said) in enumerate(groupby(known, key=lambda word: word.speaker)):
            words = list(said)
            yield self._say(
                f"{TRANSCRIPTION}.segment",
                id=f"seg_{self.id}_{number}",
                text="".join(word.text for word in words).strip(),
                speaker=speaker_of(speaker),
                start=to_seconds(words[0].start),
                end=to_seconds(words[-1].end),
            )

    def _say(self, kind: str, **fields: Any) -> Message:
        return {"type": kind, "item_id": self.id, "content_index": 0, **fields}


def _sure(words: Iterable[Word], *, logprobs: bool) -> dict[str, Any]:
    """``logprobs``, one for each word, if the client wants them."""
    if not logprobs:
        return {}
    return {
        "logprobs": [
            {
                "token": word.text,
                "logprob": log(max(LEAST_SCORE, min(1.0, word.score))),
                "bytes": list(word.text.encode()),
            }
            for word in words
        ]
    }
