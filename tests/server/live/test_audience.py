"""Who listens to a session is told what is worth telling, and fails alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from livestt.audio.format import AudioFormat
from livestt.errors import LivesttError
from livestt.events import Ended, Event, Progress
from livestt.server.live.audience import PROGRESS_STEP, Audience
from livestt.server.live.feed import Feed

NEWS = Ended(0)


class Hears:
    def __init__(self, *, broken: bool = False) -> None:
        self.heard: list[Event] = []
        self.errors: list[LivesttError] = []
        self._broken = broken

    def receive_events(self, events: Sequence[Event]) -> None:
        if self._broken:
            raise ZeroDivisionError
        self.heard += events

    def failed(self, error: LivesttError) -> None:
        self.errors.append(error)

    def superseded(self) -> None: ...


class Hall:
    """An audience with a publisher and viewers."""

    def __init__(self, publisher: Hears, *viewers: Hears) -> None:
        self.orphaned = 0
        feed = Feed(AudioFormat("s16le"), 0, 0.0)
        feed.take_over(publisher)
        self.audience = Audience("x", feed, Progress(0, 0, 0), self._orphan)
        for viewer in viewers:
            self.audience.watch(viewer)

    def _orphan(self) -> None:
        self.orphaned += 1

    def follow(self, *progress: Progress) -> None:
        for each in progress:
            self.audience.follow([each], each)


def test_progress_is_told_in_steps() -> None:
    hall = Hall(publisher := Hears())
    step = Progress(PROGRESS_STEP, 0, 0)
    hall.follow(Progress(1, 0, 0), Progress(PROGRESS_STEP - 1, 0, 0), step)
    assert publisher.heard == [step]
    hall.follow(Progress(PROGRESS_STEP + 1, 0, 0))
    assert publisher.heard == [step]


def test_a_session_that_has_caught_up_is_told_at_once() -> None:
    hall = Hall(publisher := Hears())
    behind, caught_up = Progress(PROGRESS_STEP, 0, 0), Progress(PROGRESS_STEP, PROGRESS_STEP, 0)
    hall.follow(behind, Progress(PROGRESS_STEP, 1, 0), caught_up)
    assert publisher.heard == [behind, caught_up]


def test_news_is_told_at_once() -> None:
    hall = Hall(publisher := Hears(), viewer := Hears())
    hall.audience.follow([NEWS], Progress(1, 0, 0))
    assert publisher.heard == viewer.heard == [NEWS]


def test_who_has_left_is_told_nothing() -> None:
    hall = Hall(Hears(), viewer := Hears())
    assert len(hall.audience) == 1
    hall.audience.unwatch(viewer)
    hall.audience.announce([NEWS])
    assert (len(hall.audience), viewer.heard) == (0, [])


def test_a_viewer_with_a_bug_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    hall = Hall(publisher := Hears(), broken := Hears(broken=True), viewer := Hears())
    hall.audience.announce([NEWS])
    assert publisher.heard == viewer.heard == [NEWS]
    assert broken.errors
    assert (hall.orphaned, publisher.errors, viewer.errors) == (0, [], [])
    hall.audience.announce([NEWS])
    assert len(broken.errors) == 1, "it is not told any more"
    assert "ZeroDivisionError" in caplog.text


def test_a_publisher_with_a_bug_orphans_the_session(caplog: pytest.LogCaptureFixture) -> None:
    hall = Hall(Hears(broken=True), viewer := Hears())
    hall.audience.announce([NEWS])
    assert (hall.orphaned, viewer.heard) == (1, [NEWS])
    assert "ZeroDivisionError" in caplog.text
