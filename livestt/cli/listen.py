"""``livestt listen``: the microphone, captioned in the terminal."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click
from anyio.to_thread import run_sync

from livestt.cli.base import WRITTEN, Command, announce, in_one_line
from livestt.cli.options import DIARIZING_FILES, FILES, with_settings
from livestt.cli.written import format_of
from livestt.errors import MissingExtra, SetupError
from livestt.events import Warned
from livestt.settings import Settings
from livestt.timebase import SAMPLE_RATE

if TYPE_CHECKING:
    from livestt.cli.captions import Captions
    from livestt.engines import Engine
    from livestt.speakers import Diarizer
    from livestt.translation import Translator

BLOCK = SAMPLE_RATE // 10
"""Samples per read: 100 ms."""
LOST = Warned(
    "sound_lost",
    "some of what the microphone heard was lost, as this machine cannot keep up: choose a smaller "
    "--model",
)


@click.command("listen", cls=Command)
@click.option(
    "--output",
    "-o",
    type=WRITTEN,
    help="Write the transcript here at the end; .txt, .md, .srt, .vtt, .tsv or .json.",
)
@click.option("--input", "-i", "source", help="Microphone, by number or part of its name.")
@with_settings(
    (*FILES, "Speakers", "Translation"), without=DIARIZING_FILES, defaults={"log_level": "warning"}
)
def command(settings: Settings, output: Path | None, source: str | None) -> None:
    """Transcribe the microphone until Ctrl+C.

    Words that may still change are grey. With --target-language each line is followed by its
    translation, which is also what -o writes. Needs the extra: ./scripts/install listen

    \b
    livestt listen --language en
    livestt listen -o notes.txt
    livestt listen --input USB --model small
    livestt listen --diarization
    livestt listen --target-language de
    """
    if output is not None:
        format_of(output)
    open_microphone = microphone(source)
    from livestt.cli.captions import Captions
    from livestt.engines.registry import load_engine
    from livestt.speakers.registry import load_diarizer
    from livestt.translation.registry import load_translator

    captions = Captions()
    try:
        with ExitStack() as models:
            engine = load_engine(settings, announce)
            models.callback(engine.close)
            diarizer = None
            if settings.diarization:
                diarizer = load_diarizer(settings, announce)
                models.callback(diarizer.close)
            translator = load_translator(settings, announce) if settings.target_language else None
            if translator is not None:
                models.callback(translator.close)
            with captions:
                parts = engine, settings, captions, diarizer, translator
                listening = partial(_listen, open_microphone, *parts)
                in_one_line(lambda: anyio.run(listening))
    finally:
        if output is not None:
            captions.save(output)


def microphone(source: str | None) -> Any:
    """Something that opens the microphone as a context manager.

    Raises:
        MissingExtra: sounddevice is not installed.
        SetupError: there is no such microphone, or none at all.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtra("The microphone", "listen") from error
    except OSError as error:
        raise SetupError(
            f"The microphone needs PortAudio ({error}). On Debian and Ubuntu: "
            "sudo apt install libportaudio2"
        ) from error
    device: int | str | None = int(source) if source and source.isdecimal() else source
    try:
        sounddevice.check_input_settings(device, channels=1, dtype="int16", samplerate=SAMPLE_RATE)
    except (ValueError, sounddevice.PortAudioError) as error:
        raise SetupError(f"The microphone cannot be used: {error}") from error
    return sounddevice.RawInputStream(SAMPLE_RATE, BLOCK, device=device, channels=1, dtype="int16")


async def _listen(
    source: Any,
    engine: Engine,
    settings: Settings,
    captions: Captions,
    diarizer: Diarizer | None,
    translator: Translator | None,
) -> None:
    """Transcribe until Ctrl+C; what was said before it still comes out, a second one ends all."""
    from livestt.audio import AudioFormat
    from livestt.driver import transcribe_live

    stop = anyio.Event()
    with source:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_interrupt, stop, tasks.cancel_scope)
            await transcribe_live(
                _blocks(source, stop, lambda: captions.show([LOST])),
                AudioFormat("s16le"),
                engine,
                settings,
                captions.show,
                diarizer,
                translator,
            )
            tasks.cancel_scope.cancel()


async def _blocks(source: Any, stop: anyio.Event, lost: Callable[[], None]) -> AsyncIterator[bytes]:
    """What the microphone hears; ``lost`` is called once if some of it was lost."""
    reads = 0
    told = False
    while not stop.is_set():
        block, overflowed = await run_sync(source.read, BLOCK)
        reads += 1
        if overflowed and reads > 1 and not told:  # before the first nobody listened yet
            told = True
            lost()
        yield bytes(block)


async def _stop_on_interrupt(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT) as signals:
        async for _ in signals:
            if stop.is_set():
                scope.cancel()
            stop.set()
