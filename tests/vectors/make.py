"""Cases of the native protocol that every client must get right.

``python -m tests.vectors.make`` writes ``native_protocol.json``, which the Python client and the
page's ``transcript.js`` are both tested with. What a recorded case expects comes from the
server's full mode, not from a client.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Interim,
    Progress,
    SpeakerNamed,
    SpeakerSeparated,
    SpeakersMerged,
    SpeechStarted,
    Voice,
    Word,
)
from livestt.protocols.native_state import NativeStates
from livestt.timebase import SAMPLE_RATE, from_seconds
from livestt.transcript import Layout, Transcript

FILE = Path(__file__).with_name("native_protocol.json")

Case = dict[str, Any]
Message = dict[str, Any]


def words(text: str, start: float, speaker: int | None = None) -> tuple[Word, ...]:
    """The words of a text, split at ``|``, half a second each."""
    first, half = from_seconds(start), SAMPLE_RATE // 2
    return tuple(
        Word(part, first + i * half, first + (i + 1) * half, 0.875, "en", speaker)
        for i, part in enumerate(text.split("|"))
    )


def say(text: str, start: float, speaker: int | None = None) -> Committed:
    return Committed(words(text, start, speaker))


def guess(text: str, start: float) -> Interim:
    return Interim(words(text, start) if text else ())


def at(seconds: float, behind: float = 0.0) -> Progress:
    now = from_seconds(seconds)
    return Progress(now, now - from_seconds(behind), now - from_seconds(behind))


def recorded(
    name: str,
    *batches: Sequence[Event],
    retention: float = 3600,
    with_words: bool = False,
    resync_after: Sequence[int] = (),
) -> Case:
    """What the server sends when these batches of events happen, and its state after them.

    Args:
        resync_after: batches after which the client asks for a snapshot.
    """
    transcript = Transcript(Layout(retention=from_seconds(retention)))
    diffs = NativeStates("diff", words=with_words)
    whole = NativeStates("full", words=with_words)
    messages: list[Message] = []
    seen: dict[int, Message] = {}
    full: Message = {}
    for i, batch in enumerate(batches):
        transcript.apply(batch)
        message = diffs.message(transcript)
        if message is not None:
            messages.append(message)
        full = whole.message(transcript) or full
        seen.update((line["id"], line) for line in full["lines"])
        if i in resync_after:
            diffs.resync()
    kept = {line["id"] for line in full["lines"]}
    archive = [line for line_id, line in seen.items() if line_id not in kept]
    return written(name, messages, {**full, "archive": archive})


def written(name: str, messages: list[Message], state: Message, *, in_sync: bool = True) -> Case:
    """A case by hand. ``state`` holds the fields that the client should end up with."""
    fields = ("lines", "archive", "buffer_transcription", "buffer_final_chars", "audio_received")
    expected = {field: state[field] for field in fields}
    expected |= {"buffer_diarization": state.get("buffer_diarization", "")}
    expected |= {field: state.get(field, {}) for field in ("speakers", "merged")}
    expected |= {field: state[field] for field in ("buffer_begin",) if field in state}
    seq = state.get("seq", messages[-1].get("seq"))
    return {
        "name": name,
        "messages": messages,
        "expected": {**expected, "seq": seq, "in_sync": in_sync},
    }


def cases() -> list[Case]:
    return [*growing(), *leaving(), *told_apart(), *corrected(), *lost()]


def growing() -> list[Case]:
    emoji = " 👋🏽| \U0001d49c| e\u0301té"
    return [
        recorded("nothing was said", [], [at(1)]),
        recorded("an interim comes and goes", [], [guess(" may| be", 0)], [guess("", 0), at(2)]),
        recorded("ink and pencil", [], [say(" One", 0), guess(" two| three", 0.5)]),
        recorded("ink is counted in code points", [], [say(emoji, 0), guess(" 日本|語", 2)]),
        recorded("scripts without spaces", [], [say("日本|語。", 0), guess("はい", 1)], [at(9)]),
        recorded("a line closes", [], [say(" One| two.", 0)], [at(5)]),
        recorded(
            "the last line grows, then closes",
            [],
            [say(" one", 0)],
            [say(" two", 0.5), guess(" three", 1)],
            [say(" three", 1)],
            [say(" four", 4)],
            [Ended(0)],
        ),
        recorded(
            "equal lines are different lines",
            *[[say(" yes", 3 * i), at(3 * i + 2.5)] for i in range(4)],
            retention=5,
        ),
        recorded("two speakers", [], [say(" Hi.", 0, 1), say(" Hello.", 1, 2)], [Ended(0)]),
        recorded("a pause is a line", [say(" a", 0), at(9), SpeechStarted(from_seconds(9))]),
        recorded("lines with words", [], [say(" a| b", 0), at(4)], with_words=True),
        recorded("the server is behind", [SpeechStarted(0)], [say(" a", 0), at(7.5, behind=2.25)]),
    ]


def leaving() -> list[Case]:
    talk = [[say(f" line| {i}", 4 * i), at(4 * i + 3)] for i in range(8)]
    return [
        recorded("lines leave at the front", [], *talk, retention=10),
        recorded("a slow reader misses lines that came and went", talk[0],
                 [event for batch in talk[1:] for event in batch],
                 retention=6),
        recorded("all lines leave", [], talk[0], [at(100)], retention=10),
        recorded("a snapshot in between", [], *talk, resync_after=[2, 5]),
        recorded("a snapshot after lines left", [], *talk, retention=10, resync_after=[3, 6]),
    ]  # fmt: skip


def told_apart() -> list[Case]:
    """Speakers that come late, change, have names and are merged."""
    start, two = Diarized(0), [say(" One| two.", 0), say(" Three.", 1)]
    return [
        recorded("words wait for their speaker", [start], [*two, guess(" four", 1.5)]),
        recorded("their speaker comes", [start], two, [whose(0, 1, 1, 2)], [Ended(0)]),
        recorded("nobody could be told", [start, *two, whose(0, None, None, None)], [Ended(0)]),
        recorded(
            "a line turns out to be somebody else's",
            [start, *two, whose(0, 1, 1, 1), at(4)],
            [say(" Four.", 5), whose(0, 2, 2, 2)],
            with_words=True,
        ),
        recorded(
            "speakers get names and are merged",
            [start, *two, whose(0, 1, 1, 2), at(9)],
            [SpeakerNamed(1, "Ada"), SpeakerNamed(2, "Bob")],
            [SpeakersMerged(2, 1)],
            [SpeakerSeparated(1), SpeakerNamed(1, "")],
        ),
    ]


def whose(first: int, *speakers: int | None) -> Attributed:
    return Attributed(first, tuple(map(Voice, speakers)))


def live(**more: Any) -> Message:
    return {
        "status": "active_transcription",
        "buffer_transcription": "",
        "buffer_final_chars": 0,
        "buffer_speaker": 1,
        "remaining_time_transcription": 0.0,
        "audio_received": 12.0,
        **more,
    }


def line(line_id: int, text: str, **more: Any) -> Message:
    return {
        "id": line_id,
        "speaker": 1,
        "text": text,
        "start": f"0:00:0{line_id}.00",
        "end": f"0:00:0{line_id + 1}.00",
        "begin": float(line_id),
        "finish": float(line_id + 1),
        **more,
    }


def snapshot(seq: int, *lines: Message) -> Message:
    return {"type": "snapshot", "seq": seq, "lines": list(lines), **live()}


def diff(seq: int, n_lines: int, **more: Any) -> Message:
    return {"type": "diff", "seq": seq, "n_lines": n_lines, **live(**more)}


def corrected() -> list[Case]:
    a, b, c = line(0, "a"), line(1, "b"), line(2, "c")
    renamed = line(1, "b", speaker=2)
    better = line(2, "see")
    return [
        written(
            "a speaker is told later",
            [snapshot(1, a, b), diff(2, 2, updates=[renamed])],
            live(lines=[a, renamed], archive=[]),
        ),
        written(
            "a correction may come with its line, and for a line that leaves",
            [snapshot(1, a, b), diff(2, 2, lines_pruned=1, new_lines=[c], updates=[better])],
            live(lines=[b, better], archive=[a]),
        ),
        written(
            "a correction of an unknown line",
            [snapshot(1, a), diff(2, 1, updates=[better])],
            live(lines=[a], archive=[]),
        ),
    ]


def lost() -> list[Case]:
    a, b, c = line(0, "a"), line(1, "b"), line(2, "c")
    missed = diff(3, 3, new_lines=[c])
    return [
        written(
            "a diff was lost",
            [snapshot(1, a), missed, diff(4, 2, lines_pruned=1, buffer_transcription="no")],
            live(lines=[a], archive=[], seq=1),
            in_sync=False,
        ),
        written(
            "a snapshot repairs it",
            [snapshot(1, a), missed, snapshot(4, b, c)],
            live(lines=[b, c], archive=[a]),
        ),
        written(
            "other messages do not matter",
            [
                snapshot(1, a),
                {"type": "heartbeat", "t": 5.0},
                {"type": "warning", "code": "x", "message": "y"},
                diff(2, 2, new_lines=[b]),
                {"type": "flushed", "id": "f"},
                {"type": "from-the-future", "lines": []},
            ],
            live(lines=[a, b], archive=[], seq=2),
        ),
    ]


def text() -> str:
    return json.dumps(cases(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
