"""``livestt transcribe``: files to text, without a server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from livestt.cli.base import READ, Command, announce
from livestt.cli.options import FILES, with_settings
from livestt.cli.written import FORMATS, format_of, names
from livestt.errors import LivesttError, UnsupportedOption
from livestt.settings import Settings

if TYPE_CHECKING:
    from livestt.engines import Engine
    from livestt.events import Warned
    from livestt.pipeline import Manner
    from livestt.speakers import Diarizer
    from livestt.speakers.embeddings import Embedder
    from livestt.speakers.profiles import Profile
    from livestt.subtitles import Spoken
    from livestt.transcript import Transcript

LIVE_ONLY = (
    *("backend_policy", "min_chunk_size", "audio_min_len", "frame_threshold"),
    *("diarization_latency", "speaker_patience"),
)
"""Settings that say when to commit words; a file has all of its words at once."""

Progress = Callable[[float], None]
Hear: TypeAlias = "Callable[[Path, Progress, Callable[[Warned], None]], Transcript]"
Read: TypeAlias = "Callable[[Transcript], Spoken]"


@click.command("transcribe", cls=Command)
@click.argument("files", nargs=-1, required=True, type=READ)
@click.option(
    "--format",
    "-f",
    type=click.Choice(FORMATS),
    help="Output format; by default from the ending of the name after -o, otherwise text.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File to write; for several files a folder, created if needed.",
)
@click.option(
    "--num-speakers",
    type=click.IntRange(1),
    help="Number of people who speak, if known; with --diarization.",
)
@click.option(
    "--min-speakers",
    type=click.IntRange(1),
    help="Minimum number of people who speak; with --diarization. See also --max-speakers.",
)
@with_settings(
    (*FILES, "Speakers", "Translation"),
    names=("log_level", "store"),
    without=LIVE_ONLY,
    defaults={"log_level": "warning"},
)
def command(
    settings: Settings,
    files: tuple[Path, ...],
    format: str | None,
    output: Path | None,
    num_speakers: int | None,
    min_speakers: int | None,
) -> None:
    """Transcribe audio or video files.

    Only transcripts go to stdout. A file that is not audio does not stop the others.

    \b
    livestt transcribe meeting.mp3
    livestt transcribe --language fr --format srt film.mkv -o film.srt
    livestt transcribe --model large-v3 -f vtt -o subtitles/ *.mp4
    livestt transcribe --diarization --num-speakers 2 interview.wav
    livestt transcribe --target-language de talk.mp3 -o talk.de.srt
    """
    kind = format or _format_of(files, output)
    targets = _targets(files, kind, output)
    _make_folders(targets)
    with _models(settings) as (engine, diarizer, embedder), _reader(settings) as read:
        from livestt.pipeline import Manner

        least, most = num_speakers or min_speakers, num_speakers or None
        known = _known(settings, embedder)
        manner = Manner(min_speakers=least, max_speakers=most, known=lambda: known)
        hear = _hearing(settings, engine, manner, diarizer, embedder)
        failures = _transcribe_all(targets, kind, hear, read)
    if failures:
        click.get_current_context().exit(2)


@contextmanager
def _models(settings: Settings) -> Iterator[tuple[Engine, Diarizer | None, Embedder | None]]:
    """The engine and, where speakers are to be told apart, what does that."""
    from livestt.engines.registry import load_engine
    from livestt.speakers.embedder_registry import load_embedder
    from livestt.speakers.registry import load_file_diarizer

    with ExitStack() as stack:
        engine = load_engine(settings, announce)
        stack.callback(engine.close)
        diarizer = embedder = None
        if settings.diarization:
            diarizer = load_file_diarizer(settings, progress=announce)
            stack.callback(diarizer.close)
            embedder = load_embedder(settings)
        if embedder is not None:
            stack.callback(embedder.close)
        yield engine, diarizer, embedder


@contextmanager
def _reader(settings: Settings) -> Iterator[Read]:
    """What a transcript is made into before it is written: the same in another language."""
    from livestt.translation.codes import find
    from livestt.translation.registry import load_translator
    from livestt.translation.whole import translate

    translator = load_translator(settings, announce) if settings.target_language else None
    if translator is None:
        yield lambda transcript: transcript
        return
    target = find(settings.target_language or "", translator.capabilities.languages) or ""
    source = "en" if settings.task == "translate" else None
    with closing(translator):
        yield lambda transcript: translate(transcript, translator, target, source)


def _known(settings: Settings, embedder: Embedder | None) -> Sequence[Profile]:
    """The voices that are kept, if they are to be compared."""
    if not settings.voices or embedder is None:
        return ()
    from livestt.store import open_store

    store = open_store(settings)
    if store is None:
        return ()
    model = embedder.capabilities.model
    try:
        return [voice.profile for voice in store.voices.all() if voice.model == model]
    finally:
        store.close()


def _hearing(
    settings: Settings,
    engine: Engine,
    manner: Manner,
    diarizer: Diarizer | None,
    embedder: Embedder | None,
) -> Hear:
    from livestt.files import transcribe_file

    def hear(file: Path, on_progress: Progress, on_warning: Callable[[Warned], None]) -> Transcript:
        speakers = diarizer, manner, embedder
        return transcribe_file(file, engine, settings, on_progress, *speakers, on_warning)

    return hear


def _format_of(files: Sequence[Path], output: Path | None) -> str:
    """What the name after -o asks for; the name of a folder asks for nothing."""
    if output is None or len(files) > 1 or output.is_dir():
        return "text"
    return format_of(output)


def _targets(
    files: Sequence[Path], kind: str, output: Path | None
) -> list[tuple[Path, Path | None]]:
    """Where the transcript of each file goes; None is stdout."""
    if output is None:
        if len(files) > 1 and kind not in ("text", "txt"):
            raise click.UsageError(f"Several files in format {kind} need -o FOLDER.")
        return [(file, None) for file in files]
    if len(files) == 1 and not output.is_dir():
        return [(files[0], output)]
    if output.is_file() or (not output.is_dir() and output.suffix[1:].lower() in FORMATS):
        raise click.UsageError(f"Several files need a folder after -o, and {output} names a file.")
    return [(file, output / name) for file, name in zip(files, names(files, kind), strict=True)]


def _make_folders(targets: Sequence[tuple[Path, Path | None]]) -> None:
    """Make the folders of all transcripts, so that what cannot be written is known beforehand.

    Raises:
        UnsupportedOption: a transcript cannot be written there, or would replace a recording.
    """
    sources = {file.resolve() for file, _ in targets}
    for _, target in targets:
        if target is None:
            continue
        if target.resolve() in sources:
            raise UnsupportedOption(f"-o {target}: this is the recording itself.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnsupportedOption(f"-o {target}: {error.strerror}.") from error
        if not os.access(target if target.exists() else target.parent, os.W_OK):
            raise UnsupportedOption(f"-o {target}: it cannot be written there.")


def _transcribe_all(
    targets: Sequence[tuple[Path, Path | None]], kind: str, hear: Hear, read: Read
) -> int:
    """Transcribe file after file; how many failed."""
    from livestt.audio.explain import for_file

    failures = 0
    for file, target in targets:
        try:
            _write(_transcribe(file, kind, hear, read), target)
        except BrokenPipeError:
            raise  # nobody reads on: click ends the program
        except (LivesttError, OSError) as error:
            failures += 1
            where = "" if str(file) in str(error) else f"{file}: "
            click.echo(f"Error: {where}{for_file(str(error))}", err=True)
    return failures


def _transcribe(file: Path, kind: str, hear: Hear, read: Read) -> str:
    from livestt.subtitles import render

    warnings: list[Warned] = []
    with _progress(file) as on_progress:
        transcript = hear(file, on_progress, warnings.append)
    for message in dict.fromkeys(warning.message for warning in warnings):
        click.echo(f"Warning: {file}: {message}", err=True)
    return render(read(transcript), kind, transcript.people.names, title=file.name)


def _write(text: str, target: Path | None) -> None:
    if target is None:
        click.echo(text, nl=False)
        return
    target.write_text(text, encoding="utf-8")


@contextmanager
def _progress(file: Path) -> Iterator[Progress]:
    """A bar on stderr while somebody watches it, nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda seconds: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(file.name, total=_seconds(file))
        yield lambda seconds: bars.update(bar, completed=seconds)


def _seconds(file: Path) -> float | None:
    """How long a file says it is; None if it does not say, which makes a bar without end."""
    import av

    from livestt.audio.container import open_input

    try:
        with open_input(str(file)) as container:
            return container.duration / av.time_base if container.duration else None
    except av.FFmpegError:
        return None
