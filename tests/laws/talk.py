"""Random talk as events, for whatever folds events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Flushed,
    Interim,
    LanguageDetected,
    Progress,
    SpeakerNamed,
    SpeakerSeparated,
    SpeakersMerged,
    SpeechStarted,
    Voice,
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


def whose(words: list[Word], first: int, count: int) -> Attributed:
    """That the words from this number on are whose they say they are."""
    return Attributed(first, tuple(Voice(w.speaker) for w in words[first : first + count]))


def diarized(events: list[Event], said: list[Word], waits: list[int]) -> Iterator[Event]:
    """The talk with speakers that come apart from the words, some of them after each event."""
    committed = known = 0
    delays = iter(waits * (1 + len(events)))
    yield Diarized(0)
    for event in events:
        if isinstance(event, Ended) and known < committed:
            yield whose(said, known, committed - known)
            known = committed
        if isinstance(event, Committed):
            committed += len(event.words)
            yield Committed(tuple(replace(word, speaker=None) for word in event.words))
        else:
            yield event
        count = min(next(delays), committed - known)
        if count:
            yield whose(said, known, count)
            known += count
    if known < committed:
        yield whose(said, known, committed - known)


delays = st.lists(st.integers(0, 3), min_size=1, max_size=60)
opinions = st.one_of(
    st.builds(SpeakerNamed, st.integers(1, 3), st.sampled_from(["Ada", "Bob", ""])),
    st.builds(SpeakersMerged, st.integers(1, 3), st.integers(1, 3)),
    st.builds(SpeakerSeparated, st.integers(1, 3)),
    st.builds(Attributed, st.integers(0, 30), st.sampled_from([(Voice(1, (2,)),), (Voice(None),)])),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Event]:
    """Talk whose speakers come late, are corrected, named and merged."""
    events: list[Event] = []
    known = 0
    for event in diarized(*draw(talks()), draw(delays)):
        events.append(event)
        if isinstance(event, Attributed):
            known = event.first + len(event.voices)
        events += [
            opinion
            for opinion in draw(st.lists(opinions, max_size=1))
            if not isinstance(opinion, Attributed) or opinion.first < known
        ]
    return events


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
