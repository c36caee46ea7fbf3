"""``livestt listen``: a microphone made of silence, and captions on a recorded screen."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console

from livestt import driver
from livestt.cli.captions import Captions
from livestt.engines import Capabilities, registry
from livestt.errors import EngineError
from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Interim,
    Voice,
    Warned,
    Word,
)

Run = Callable[..., Result]


def words(text: str, start: int = 0) -> tuple[Word, ...]:
    return tuple(
        Word(f" {part}", start + 8000 * i, start + 8000 * (i + 1))
        for i, part in enumerate(text.split())
    )


class Stream:
    """A microphone in a quiet room."""

    length = 3
    """Reads after which somebody presses Ctrl+C."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reads = 0

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read(self, frames: int) -> tuple[bytes, bool]:
        self.reads += 1
        if self.reads == self.length:
            os.kill(os.getpid(), signal.SIGINT)
        return bytes(2 * frames), False


@pytest.fixture
def sounddevice(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType("sounddevice")
    module.PortAudioError = type("PortAudioError", (Exception,), {})
    module.check_input_settings = lambda device, **_: None
    module.RawInputStream = Stream
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    made = SimpleNamespace(capabilities=Capabilities("fake", "fake", "window"), close=lambda: None)
    monkeypatch.setattr(registry, "load_engine", lambda settings, progress: made)

    async def transcribe_live(
        chunks: AsyncIterable[bytes],
        audio_format: Any,
        engine: Any,
        settings: Any,
        on_events: Callable[[list[Event]], None],
        diarizer: Any,
        translator: Any,
    ) -> None:
        assert audio_format.encoding == "s16le"
        heard = 0
        async for chunk in chunks:
            heard += len(chunk) // 2
            on_events([Interim(words("maybe"))])
        assert heard >= 3 * 1600
        on_events([Committed(words("Last words.")), Ended(heard)])

    monkeypatch.setattr(driver, "transcribe_live", transcribe_live)


@pytest.mark.usefixtures("engine", "sounddevice")
def test_ctrl_c_flushes_what_was_said(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "said.srt"
    result = run("listen", "-o", str(target))
    assert result.exit_code == 0, result.output
    assert result.stdout == "Last words.\n"
    assert target.read_text().startswith("1\n00:00:00,000 --> ")


@pytest.mark.usefixtures("engine", "sounddevice")
def test_sound_that_was_lost_is_told_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Stream.read
    monkeypatch.setattr(Stream, "read", lambda self, frames: (read(self, frames)[0], True))
    monkeypatch.setattr(Stream, "length", 4)
    result = run("listen")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Last words.\n"
    assert " ".join(result.stderr.split()).count("what the microphone heard was lost") == 1


def test_warnings_are_no_captions() -> None:
    screen, notices = io.StringIO(), io.StringIO()
    with Captions(Console(file=screen), Console(file=notices)) as captions:
        captions.show([Warned("engine_error", "audio from 1 s to 2 s could not be transcribed")])
        captions.show([Committed(words("So."))])
    assert screen.getvalue() == "So.\n"
    assert notices.getvalue() == "audio from 1 s to 2 s could not be transcribed\n"


@pytest.mark.usefixtures("sounddevice")
def test_who_speaks(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stream, "length", 40)
    target = tmp_path / "said.txt"
    scripted = ("--backend", "scripted", "--diarization", "--diarization-backend", "scripted")
    result = run("listen", *scripted, "--no-vad", "-o", str(target))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Speaker 1: ")
    assert target.read_text().startswith("Speaker 1: ")


@pytest.mark.usefixtures("sounddevice")
def test_lines_are_translated(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stream, "length", 40)
    target = tmp_path / "said.txt"
    scripted = ("--backend", "scripted", "--translation-backend", "scripted")
    into = ("--language", "en", "--target-language", "de")
    result = run("listen", *scripted, *into, "--no-vad", "-o", str(target))
    assert result.exit_code == 0, result.output
    line, translation, *_ = result.stdout.splitlines()
    assert translation == f"  [de] {re.sub('[a-zA-Z]+', lambda word: word[0][::-1], line)}"
    assert target.read_text().startswith(translation.strip())


def test_captions_say_who_speaks_where_that_changes() -> None:
    screen = io.StringIO()
    said = words("One sentence. Another one. And mine.")
    voices = (1, 1, 1, 1, 2, 2)
    with Captions(Console(file=screen, width=60)) as captions:
        captions.show([Diarized(0), Committed(said)])
        captions.show([Attributed(0, tuple(map(Voice, voices)))])
    assert screen.getvalue() == "Speaker 1: One sentence. Another one.\nSpeaker 2: And mine.\n"


@pytest.mark.usefixtures("engine", "sounddevice")
def test_an_error_inside_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise EngineError("the model fell over")

    monkeypatch.setattr(driver, "transcribe_live", fail)
    result = run("listen")
    assert (result.exit_code, result.stderr) == (2, "Error: the model fell over\n")


def test_without_sounddevice(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    result = run("listen")
    assert result.exit_code == 2
    assert result.stderr.strip().endswith("./scripts/install listen")


def test_without_a_microphone(run: Run, sounddevice: Any) -> None:
    def refuse(device: object, **_: object) -> None:
        assert device == 7
        raise sounddevice.PortAudioError("Error querying device 7")

    sounddevice.check_input_settings = refuse
    result = run("listen", "--input", "7")
    assert result.exit_code == 2
    assert result.stderr == "Error: The microphone cannot be used: Error querying device 7\n"


def test_captions_rewrite_the_growing_line_in_grey() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, color_system="standard")
    with Captions(console) as captions:
        captions.show([Interim(words("hello wor"))])
        captions.show([Committed(words("Hello world,")), Interim(words("how", 16_000))])
        captions.show([Committed(words("how are you doing today, my [dear] friend?", 16_000))])
    shown = screen.getvalue()
    assert "\x1b[90mhello wor" in shown
    assert "Hello world,\x1b[90m how" in shown
    closed = "Hello world, how are you doing today, my [dear] friend?"
    assert shown.count(closed) == 1, "the growing line is gone before it is printed for good"


def test_captions_off_a_terminal_are_only_the_words_that_stay(tmp_path: Path) -> None:
    screen = io.StringIO()
    with Captions(Console(file=screen, width=60)) as captions:
        captions.show([Interim(words("maybe"))])
        captions.show([Committed(words("Cut off"))])
    assert screen.getvalue() == "Cut off\n"
    captions.save(tmp_path / "said.md")
    assert (tmp_path / "said.md").read_text() == "# said\n\nCut off\n"
