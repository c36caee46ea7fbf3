"""Words that a server which stops leaves to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeechStarted,
    Voice,
    Word,
)
from livestt.store import Asked, Store
from livestt.store.handing_over import HandingOver
from livestt.store.recorder import Recorder
from livestt.transcript import Layout, Transcript

from .conftest import AUDIO, Open, opening, words, write

LONG = timedelta(hours=1)
NOW = timedelta(0)
SAID = words("one two three four five six seven eight nine ten")


def begun(words: int = 0) -> HandingOver:
    handing = HandingOver(words)
    handing.begun = True
    return handing


def test_a_server_that_goes_on_says_everything() -> None:
    events: list[Event] = [Committed(SAID), Progress(9, 9, 9), Flushed(None), Ended(9)]
    assert HandingOver().follow(events) == events


def test_what_is_committed_once_it_stops_may_still_change() -> None:
    handing = begun()
    assert handing.follow([Progress(9, 9, 5)]) == [Progress(9, 9, 5)]
    assert handing.follow([Committed(SAID[1:2])]) == [Interim(SAID[1:2])]
    assert handing.follow([Interim(SAID[2:4])]) == [Interim(SAID[1:4])]
    now = 160_000
    assert handing.follow([Committed(SAID[2:4]), Progress(now, now, now), Ended(now)]) == [
        Interim(SAID[1:4]),
        Progress(now, now, SAID[1].start),
        Ended(now, SAID[1:4]),
    ]


def test_a_flush_says_that_its_words_are_whole() -> None:
    handing = begun()
    handing.follow([Committed(SAID[:2])])
    assert handing.follow([Flushed("a")]) == [Committed(SAID[:2]), Flushed("a")]
    assert handing.follow([Ended(9)]) == [Ended(9)]


def test_words_before_a_pause_are_whole() -> None:
    """They are said before it, so that the pause does not seem to be longer than it is."""
    handing, again = begun(), SpeechStarted(160_000)
    handing.follow([Committed(SAID[:2]), Progress(160_000, 160_000, 160_000)])
    assert handing.follow([again]) == [Committed(SAID[:2]), again]
    now = Progress(170_000, 170_000, 165_000)
    assert handing.follow([now, Ended(170_000)]) == [now, Ended(170_000)]


@given(st.lists(st.sampled_from(["commit", "tell", "stop", "flush", "pause"]), max_size=30))
def test_with_speakers_every_word_is_committed_or_left_once(steps: Sequence[str]) -> None:
    """And each that is committed is told whose it is, by its number."""
    handing = HandingOver()
    source = iter(words(" ".join(f"w{i}" for i in range(40))))
    committed: list[Word] = []
    view = Transcript(Layout())
    view.apply([Diarized(0)])
    told = 0
    left: tuple[Word, ...] = ()

    def tell(up_to: int) -> list[Event]:
        nonlocal told
        voices = tuple(Voice(1 + number % 3) for number in range(told, up_to))
        first, told = told, up_to
        return [Attributed(first, voices)] if voices else []

    for step in [*steps, "end"]:
        events: list[Event] = []
        if step == "commit":
            committed.append(next(source))
            events = [Committed((committed[-1],))]
        elif step == "tell":
            events = tell(max(told, len(committed) - 1))
        elif step == "stop":
            handing.begun = True
        elif step == "flush":
            events = [Flushed(None)]
        elif step == "pause":
            events = [SpeechStarted(committed[-1].end if committed else 0)]
        else:
            events = [*tell(len(committed)), Ended(0)]
        said = handing.follow(events)
        view.apply(said)
        left = left or tuple(w for event in said if isinstance(event, Ended) for w in event.left)
    spoken = [replace(word, speaker=1 + i % 3) for i, word in enumerate(committed)]
    shown = [word for segment in view.segments for word in segment.words]
    assert [*shown, *left] == spoken
    assert view.interim == left
    assert not view.waiting


class TestStored:
    def leave(self, store: Store, *, cut: bool = False) -> Recorder:
        """Two words are said, the server stops, and three are left.

        Args:
            store: where.
            cut: whether it has to stop before the end is said.
        """
        recorder = Recorder(Layout(), opening("a"))
        recorder.stays_open = True
        now = 80_000
        batches: list[list[Event]] = [
            [Committed(SAID[:2]), Progress(now, now, SAID[1].end)],
            [Interim(SAID[2:5])],
            *([] if cut else [[Ended(now, SAID[2:5])]]),
        ]
        entries = [recorder.open(), *map(recorder.take, batches), recorder.close() if cut else None]
        for entry in filter(None, entries):
            write(store, entry)
        return recorder

    def test_who_never_comes_back_finds_them_in_the_transcript(self, open_store: Open) -> None:
        store = open_store()
        self.leave(store)
        assert store.read("a").text == "one two three four five"
        open_store().sweep(NOW, None)
        assert store.get("a").ended is not None
        assert store.read("a").text == "one two three four five"
        assert [found.line for found in store.search("four", 10)] == [1]

    def test_so_does_who_was_cut_short(self, open_store: Open) -> None:
        store = open_store()
        self.leave(store, cut=True)
        assert store.read("a").text == "one two three four five"

    def test_who_goes_on_takes_them_back(self, open_store: Open) -> None:
        store = open_store()
        self.leave(store)
        resumed = store.reopen(Asked("a", AUDIO), LONG, 0)
        assert resumed is not None
        assert (resumed.next_word, resumed.next_line) == (2, 1)
        assert resumed.last_end == SAID[1].end
        assert store.read("a").text == "one two"
        assert store.search("four", 10) == []
        recorder = Recorder(Layout(), resumed=resumed)
        entry = recorder.take([Committed(SAID[2:6]), Ended(160_000)])
        assert entry is not None
        write(store, entry)
        row = store.get("a")
        assert (row.words, row.left) == (6, 0)
        assert store.read("a").text == "one two three four five six"

    def test_they_are_taken_back_once(self, open_store: Open) -> None:
        store = open_store()
        self.leave(store)
        for _ in range(3):
            resumed = store.reopen(Asked("a", AUDIO), LONG, 0)
            assert resumed is not None
            assert resumed.next_word == 2

    def test_a_name_that_comes_late_leaves_them_so(self, open_store: Open) -> None:
        store = open_store()
        write(store, self.leave(store).close())
        assert store.get("a").left == 3
