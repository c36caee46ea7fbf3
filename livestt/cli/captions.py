"""Captions in a terminal: closed lines stay, the growing one is rewritten in place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from livestt.cli.written import format_of
from livestt.events import Ended, Event, Translated, Warned
from livestt.subtitles import render, speaker_name
from livestt.timebase import FOREVER
from livestt.transcript import Layout, Transcript
from livestt.translation.reading import in_translation
from livestt.translation.whole import Reading


class Captions:
    """Shows the events of one session. A context manager: the screen is its while it is open.

    Args:
        console: where captions are shown.
        notices: where warnings are, if captions go into a file or another program.
    """

    def __init__(self, console: Console | None = None, notices: Console | None = None) -> None:
        self._console = console or Console()
        aside = notices or Console(stderr=True)
        self._notices = self._console if self._console.is_terminal else aside
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._transcript = Transcript(Layout(retention=FOREVER))
        self._shown = Text()
        self._printed = 0
        self._language: str | None = None
        self._speaker: int | None = None

    def __enter__(self) -> Captions:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A session that was cut off never said so itself; its last words are as good.
        self.show([Ended(self._transcript.duration)])
        self._live.stop()

    def show(self, events: Iterable[Event]) -> None:
        """Take what the session said."""
        events = list(events)
        self._transcript.apply(events)
        # Printing draws the live line again, so it must be the new one by then.
        growing = self._growing()
        if growing != self._shown and self._live.is_started:
            self._live.update(growing, refresh=True)
            self._shown = growing
        self._print_closed()
        self._print_translations(events)
        for event in events:
            if isinstance(event, Warned):
                self._notices.print(event.message, style="yellow", markup=False, highlight=False)

    def save(self, path: Path) -> None:
        """Write the transcript, in translation where there is one.

        The file name ends in the format, see `format_of`.
        """
        said = self._transcript
        segments = tuple(map(in_translation, said.segments))
        reading = Reading(segments, self._language or said.language, said.duration)
        text = render(reading, format_of(path), title=path.stem)
        path.write_text(text, encoding="utf-8")

    def _print_closed(self) -> None:
        segments = list(self._transcript.segments)
        for segment in segments[self._printed :]:
            if segment.text:
                text = f"{self._turn(segment.speaker)}{segment.text}"
                self._console.print(text, markup=False, highlight=False)
        self._printed = len(segments)

    def _print_translations(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Translated) and event.line < self._printed and event.text:
                self._language = event.language
                self._console.print(f"  {event.text}", style="cyan", markup=False, highlight=False)

    def _turn(self, speaker: int | None) -> str:
        """What goes before a line: who speaks, if that is somebody else now."""
        if speaker is None or speaker == self._speaker:
            return ""
        self._speaker = speaker
        return f"{speaker_name(speaker, {})}: "

    def _growing(self) -> Text:
        transcript = self._transcript
        sure = "".join(word.text for word in (*transcript.growing, *transcript.waiting))
        maybe = "".join(word.text for word in transcript.interim)
        text = Text(sure.lstrip())
        text.append(maybe if sure else maybe.lstrip(), style="bright_black")
        return text
