"""The captions as a client knows them: the fold of the server's messages. Pure.

The rule for diffs is the documented one: drop ``lines_pruned`` lines from the front, append
``new_lines``, and the list is ``n_lines`` long. Lines in ``updates`` replace those with the
same ``id``. ``tests/vectors/native_protocol.json`` holds cases that this module and the page's
``transcript.js`` both reproduce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livestt.errors import LivesttError


class OutOfSync(LivesttError):
    """The lines here are not the server's lines; ask for a snapshot with ``resync``."""

    code = "out_of_sync"


@dataclass(frozen=True, slots=True)
class WordState:
    """One word of a closed line. Times in seconds from the start of the session."""

    word: str
    start: float
    end: float
    probability: float
    speaker: int
    overlap: tuple[int, ...] = ()
    """Other speakers who talk at the same time."""


@dataclass(frozen=True, slots=True)
class Line:
    """A closed line: it changes only if the server corrects it by ``id``."""

    id: int
    speaker: int
    """From 1; 0 if it could not be told, -2 is a silence."""
    text: str | None
    """None for a silence."""
    begin: float
    """Seconds."""
    finish: float
    language: str | None = None
    translation: str | None = None
    """The same in the language asked for, once it is known."""
    words: tuple[WordState, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The line as it came."""


@dataclass(slots=True)
class CaptionState:
    """The captions of one session, as the newest message leaves them."""

    lines: list[Line] = field(default_factory=list)
    pruned: int = 0
    """Lines that have left at the front."""
    buffer: str = ""
    """The line that is still growing."""
    final_chars: int = 0
    """How many leading characters of ``buffer`` are committed."""
    begin: float | None = None
    """Seconds: where the growing line begins, words of ``waiting`` included; None while there is
    none, and from a server that does not say."""
    speaker: int = 1
    """Who says what ``buffer`` holds; 0 if not known yet."""
    translation: str = ""
    """What ``buffer`` means so far in the language asked for."""
    waiting: str = ""
    """Committed words whose speaker is not known yet; ``buffer`` follows, with nothing between."""
    names: Mapping[int, str] = field(default_factory=dict)
    """The speakers that have a name."""
    merged: Mapping[int, int] = field(default_factory=dict)
    """Speakers that are another one after all, and which."""
    status: str = "no_audio_detected"
    lag: float = 0.0
    """Seconds of audio that the server has but has not processed."""
    audio_received: float = 0.0
    committed_until: float = 0.0
    """Seconds from the start of the session before which every word is committed."""
    seq: int = 0
    in_sync: bool = True
    """False from a diff that did not fit until the next snapshot: diffs are ignored."""
    config: Mapping[str, Any] = field(default_factory=dict)
    flushed: list[str | None] = field(default_factory=list)
    """Ids of the flushes answered so far."""
    warnings: list[str] = field(default_factory=list)
    error: Mapping[str, Any] | None = None
    """The last ``error`` message."""
    finished: bool = False
    """``ready_to_stop`` came: everything sent has been transcribed."""

    @property
    def committed_text(self) -> str:
        """Everything that will not change any more."""
        final = self.buffer[: self.final_chars]
        parts = [line.text for line in self.lines if line.text]
        return " ".join(p for p in [*parts, (self.waiting + final).strip()] if p)

    @property
    def text(self) -> str:
        """Everything shown, interim words included."""
        parts = [line.text for line in self.lines if line.text]
        return " ".join(p for p in [*parts, self.waiting + self.buffer] if p)

    def apply(self, message: Mapping[str, Any]) -> bool:
        """Take one message; whether it changed the captions.

        Raises:
            OutOfSync: a diff does not fit the lines here.
        """
        match message.get("type"):
            case "config":
                self.config = message
            case "flushed":
                self.flushed.append(message.get("id"))
            case "warning":
                self.warnings.append(str(message.get("message", "")))
            case "error":
                self.error = message
            case "ready_to_stop":
                self.finished = True
            case None | "snapshot":
                self._apply_whole(message)
                self._apply_rest(message)
                return True
            case "diff" if self.in_sync:
                self._apply_diff(message)
                self._apply_rest(message)
                return True
            case _:
                pass
        return False

    def _apply_whole(self, message: Mapping[str, Any]) -> None:
        lines = [parse_line(line) for line in message["lines"]]
        self.pruned += sum(1 for line in self.lines if not lines or line.id < lines[0].id)
        self.lines = lines
        self.in_sync = True

    def _apply_diff(self, message: Mapping[str, Any]) -> None:
        gone = message.get("lines_pruned", 0)
        new = [parse_line(line) for line in message.get("new_lines", ())]
        lines = [*self.lines[gone:], *new]
        if len(lines) != message["n_lines"]:
            self.in_sync = False
            raise OutOfSync(f"{len(lines)} lines here, {message['n_lines']} on the server")
        changed = {line["id"]: parse_line(line) for line in message.get("updates", ())}
        self.lines = [changed.get(line.id, line) for line in lines]
        self.pruned += gone

    def _apply_rest(self, message: Mapping[str, Any]) -> None:
        self.buffer = message["buffer_transcription"]
        self.final_chars = message.get("buffer_final_chars", 0)
        self.begin = message.get("buffer_begin")
        self.speaker = message.get("buffer_speaker", 1)
        self.translation = message.get("buffer_translation", "")
        self.waiting = message.get("buffer_diarization", "")
        self.names = {int(who): name for who, name in message.get("speakers", {}).items()}
        self.merged = {int(one): other for one, other in message.get("merged", {}).items()}
        self.status = message["status"]
        self.lag = message["remaining_time_transcription"]
        self.audio_received = message.get("audio_received", 0.0)
        open_for = message.get("remaining_time_transcription_policy", self.audio_received)
        self.committed_until = max(0.0, self.audio_received - self.lag - open_for)
        self.seq = message.get("seq", self.seq)


def parse_line(line: Mapping[str, Any]) -> Line:
    return Line(
        id=line["id"],
        speaker=line["speaker"],
        text=line["text"],
        begin=line["begin"],
        finish=line["finish"],
        language=line.get("detected_language"),
        translation=line.get("translation"),
        words=tuple(map(parse_word, line.get("words", ()))),
        raw=line,
    )


def parse_word(word: Mapping[str, Any]) -> WordState:
    return WordState(
        word=word["word"],
        start=word["start"],
        end=word["end"],
        probability=word["probability"],
        speaker=word["speaker"],
        overlap=tuple(word.get("overlap", ())),
    )
