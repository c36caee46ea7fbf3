"""Random talk as events, for whatever folds events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    LanguageDetected,
    Progress,
    SpeechStarted,
    Warned,
    Word,
)

TEXTS = [
    *(" word", " Hello,", " it ends.", " really?", " wait…", ' "so."', " "),
    *("日本", "語。", " 👋🏽", " e\u0301té", " a\u200db"),
]


@dataclass
class Talk:
    """Makes events of a session that keeps the laws."""

    now: int = 0
    received: int = 0
    interim: bool = False
    words: list[Word] = field(default_factory=list)

    def say(self, texts: list[str], speaker: int | None, *, gap: int, last: int) -> Event:
        words = self._words(texts, speaker, gap, last)
        self.words += words
        self.now = words[-1].end
        self.interim = False
        return Committed(words)

    def guess(self, texts: list[str], speaker: int | None, *, gap: int, last: int) -> Event:
        self.interim = bool(texts)
        return Interim(self._words(texts, speaker, gap, last))

    def wait(self, samples: int) -> Event:
        self.received = max(self.received, self.now) + samples
        if not self.interim:
            self.now = self.received
        return Progress(self.received, self.received, self.now)

    def start(self) -> Event:
        return SpeechStarted(self.now)

    def _words(
        self, texts: list[str], speaker: int | None, gap: int, last: int
    ) -> tuple[Word, ...]:
        at, words = self.now, []
        for text in texts:
            words.append(Word(text, at + gap, at + gap + last, 0.5, "en", speaker))
            at = words[-1].end
        return tuple(words)


lengths = st.sampled_from([1, 3_000, 8_000, 20_000, 90_000, 300_000])
texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6)
speakers = st.sampled_from([None, None, 1, 2])
said = st.tuples(st.sampled_from(["say", "guess"]), texts, speakers, lengths, lengths)
other = st.tuples(
    st.sampled_from(["wait", "wait", "start", "clear", "language", "flushed", "warned"]), lengths
)


@st.composite
def talks(draw: st.DrawFn) -> tuple[list[Event], list[Word]]:
    """Events of a session in order, and all of its committed words."""
    talk = Talk()
    events = [event for step in draw(st.lists(st.one_of(said, other))) for event in _do(talk, step)]
    if draw(st.booleans()):
        events += [Interim(()), talk.wait(0), Ended(talk.received)]
    return events, talk.words


def _do(talk: Talk, step: tuple) -> Iterator[Event]:  # type: ignore[type-arg]
    match step:
        case ("say", words, speaker, gap, last):
            yield talk.say(words, speaker, gap=gap, last=last)
        case ("guess", words, speaker, gap, last):
            yield talk.guess(words, speaker, gap=gap, last=last)
        case ("clear", _):
            yield talk.guess([], None, gap=0, last=0)
        case ("wait", samples):
            yield talk.wait(samples)
        case ("start", samples):
            if not talk.interim:
                yield talk.wait(samples)
                yield talk.start()
        case ("language", _):
            yield LanguageDetected("en", 0.9, talk.now)
        case ("flushed", _):
            yield Flushed("x")
        case ("warned", _):
            yield Warned("code", "message")
