"""What ``/asr`` shows: states of the transcript, whole or as differences.

A state holds the closed segments (``lines``) and the segment that is still growing
(``buffer_transcription``, whose first ``buffer_final_chars`` characters are committed); before it
stand words that are committed but wait for their speaker (``buffer_diarization``). Lines
only come at the end and go at the front, so the documented rule of diff mode is exact: drop
``lines_pruned`` from the front, append ``new_lines``, compare with ``n_lines``. A line that turns
out to be somebody else's comes whole in ``updates`` and replaces the one with its ``id``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from livestt.events import Word
from livestt.protocols.compact import Written, dumps
from livestt.protocols.native import Mode
from livestt.segments import Segment, joined
from livestt.timebase import clock, to_seconds
from livestt.transcript import Transcript

SILENCE_SPEAKER = -2
"""The speaker of a line that is a pause."""
ONLY_SPEAKER = 1
"""The speaker of every line while nobody tells speakers apart."""
UNKNOWN_SPEAKER = 0
"""The speaker of what cannot be attributed to anybody, or not yet."""

State = dict[str, Any]


class _Shown:
    """A line that a client has."""

    def __init__(self, segment: Segment, diarized: bool, state: State) -> None:
        self.segment = segment
        self.diarized = diarized
        self.state = state

    @cached_property
    def text(self) -> str:
        """As JSON."""
        return dumps(self.state)


class NativeStates:
    """The messages for one client of one session.

    Args:
        mode: ``full`` repeats the whole state each time, ``diff`` sends what changed.
        words: whether lines carry their words.
    """

    def __init__(self, mode: Mode, *, words: bool = False) -> None:
        self._mode = mode
        self._words = words
        self._lines: dict[int, _Shown] = {}
        self._seq = 0
        self._snapshot_due = True
        self._last: State | None = None
        self._revisions = 0

    def resync(self) -> None:
        """The next message is a snapshot."""
        self._snapshot_due = True

    def message(self, transcript: Transcript) -> State | None:
        """What to send now, or None if nothing changed since the last message."""
        rest = _rest(transcript)
        updates = self._revise(transcript)
        pruned, new = self._follow(transcript)
        if not (pruned or new or updates or self._snapshot_due) and rest == self._last:
            return None
        self._last = rest
        if self._mode == "full":
            self._snapshot_due = False
            return {"lines": self._all(), **rest}
        self._seq += 1
        if self._snapshot_due:
            self._snapshot_due = False
            return {"type": "snapshot", "seq": self._seq, "lines": self._all(), **rest}
        changes: State = {"lines_pruned": pruned} if pruned else {}
        if new:
            changes["new_lines"] = new
        if updates:
            changes["updates"] = updates
        return {"type": "diff", "seq": self._seq, "n_lines": len(self._lines), **changes, **rest}

    def _all(self) -> Written:
        shown = self._lines.values()
        return Written([one.state for one in shown], [one.text for one in shown])

    def _show(self, segment: Segment, *, diarized: bool) -> State:
        state = line(segment, words=self._words, diarized=diarized)
        self._lines[segment.id] = _Shown(segment, diarized, state)
        return state

    def _revise(self, transcript: Transcript) -> list[State]:
        """Lines the client has that are somebody else's now, or that are translated."""
        if transcript.revisions == self._revisions:
            return []
        self._revisions = transcript.revisions
        diarized = transcript.diarized is not None
        updates = []
        for segment in transcript.segments:
            shown = self._lines.get(segment.id)
            if shown is None or (shown.segment is segment and shown.diarized == diarized):
                continue
            before = shown.state
            if (state := self._show(segment, diarized=diarized)) != before:
                updates.append(state)
        return updates

    def _follow(self, transcript: Transcript) -> tuple[int, list[State]]:
        """Bring the lines up to date: how many left at the front, and which came at the end."""
        first = transcript.segments[0].id if transcript.segments else transcript.pruned
        gone = [line_id for line_id in self._lines if line_id < first]
        for line_id in gone:
            del self._lines[line_id]
        fresh: list[Segment] = []
        for segment in reversed(transcript.segments):
            if segment.id in self._lines:
                break
            fresh.append(segment)
        diarized = transcript.diarized is not None
        return len(gone), [self._show(segment, diarized=diarized) for segment in reversed(fresh)]


def line(segment: Segment, *, words: bool, diarized: bool = False) -> State:
    """A closed segment as clients see it."""
    nobody = UNKNOWN_SPEAKER if diarized else ONLY_SPEAKER
    speaker = SILENCE_SPEAKER if segment.is_silence else segment.speaker or nobody
    state: State = {
        "id": segment.id,
        "speaker": speaker,
        "text": segment.text,
        "start": clock(segment.start),
        "end": clock(segment.end),
        "begin": to_seconds(segment.start),
        "finish": to_seconds(segment.end),
    }
    if segment.language:
        state["detected_language"] = segment.language
    if segment.translation is not None:
        state["translation"] = segment.translation.text
        state["translation_language"] = segment.translation.language
    if words:
        state["words"] = [_word(word, nobody) for word in segment.words]
    return state


def _word(word: Word, nobody: int) -> State:
    state: State = {
        "word": word.text.strip(),
        "start": to_seconds(word.start),
        "end": to_seconds(word.end),
        "probability": round(word.score, 3),
        "speaker": word.speaker or nobody,
    }
    return {**state, "overlap": list(word.over)} if word.over else state


def _rest(transcript: Transcript) -> State:
    """Everything of a state but its lines.

    Words that wait for their speaker stay with the line that grows, as long as there is one.
    """
    progress, growing = transcript.progress, transcript.growing
    translation = transcript.translation
    shown = [*growing, *transcript.waiting, *transcript.interim]
    committed = [*growing, *transcript.waiting] if growing else []
    buffer = joined([*committed, *transcript.interim])
    whole = joined(shown)
    lag = to_seconds(progress.received - progress.heard)
    state: State = {
        "status": "active_transcription" if transcript.heard_speech else "no_audio_detected",
        "buffer_transcription": buffer,
        "buffer_final_chars": len(joined(committed)),
        "buffer_speaker": _growing_speaker(transcript),
        "buffer_diarization": whole[: len(whole) - len(buffer)],
        "buffer_translation": "" if translation is None else translation.text,
        "remaining_time_transcription": lag,
        "remaining_time_transcription_processing": lag,
        "remaining_time_transcription_policy": to_seconds(progress.heard - progress.committed),
        "remaining_time_diarization": _speaker_lag(transcript),
        "audio_received": to_seconds(progress.received),
    }
    if whole:
        state["buffer_begin"] = to_seconds(shown[0].start)
    people = transcript.people
    if people.names:
        state["speakers"] = {str(speaker): name for speaker, name in sorted(people.names.items())}
    if people.recognized:
        state["recognized"] = {
            str(speaker): {"voice": e.voice, "name": e.name, "similarity": round(e.similarity, 3)}
            for speaker, e in sorted(people.recognized.items())
        }
    if people.same:
        state["merged"] = {str(speaker): into for speaker, into in sorted(people.same.items())}
    return state


def _growing_speaker(transcript: Transcript) -> int:
    nobody = ONLY_SPEAKER if transcript.diarized is None else UNKNOWN_SPEAKER
    return (transcript.growing[0].speaker if transcript.growing else None) or nobody


def _speaker_lag(transcript: Transcript) -> float:
    if transcript.diarized is None:
        return 0.0
    return to_seconds(max(0, transcript.progress.received - transcript.diarized))
