"""``livestt voices``: the voice profiles in the store, without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestt.cli.base import Command, Group
from livestt.cli.options import with_settings
from livestt.errors import UnknownVoice, UnsupportedOption
from livestt.settings import Settings
from livestt.speakers.profiles import name_of
from livestt.timebase import to_seconds

if TYPE_CHECKING:
    from livestt.speakers.heard_voice import HeardVoice
    from livestt.store import Store
    from livestt.store.voices import StoredVoice

STORE = ("store", "log_level")
MODEL = ("embedding_backend", "embedding_model", "voice_threshold", "decoder", "threads", "device",
         "model_cache_dir")  # fmt: skip


@click.group("voices", cls=Group)
def command() -> None:
    """List, add and remove the voice profiles by which speakers are recognised.

    \b
    livestt voices add Ann ann1.wav ann2.wav --embedding-model speaker.onnx
    livestt serve --diarization --voices --embedding-model speaker.onnx

    Voices are personal data: ask for consent. A running server notices changes within a minute.
    """


def _key(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--key", "owner", default="", help="Name of the API key whose voices these are."
    )(function)


@command.command("list", cls=Command)
@_key
@with_settings(names=STORE)
def show(settings: Settings, owner: str) -> None:
    """List the voices: name, speech heard, model and id."""
    with _store(settings) as store:
        for voice in _of(store, owner):
            seconds = to_seconds(voice.heard.samples)
            click.echo(f"{voice.name}  {seconds:.1f} s  {voice.model}  {voice.id}")


@command.command("add", cls=Command)
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@_key
@with_settings(names=(*STORE, *MODEL))
def add(settings: Settings, name: str, files: Sequence[Path], owner: str) -> None:
    """Enrol NAME from FILES, 2 to 10 seconds each of that one person."""
    plain = name_of(name)
    with _store(settings) as store:
        heard, model = _enrolled(settings, files)
        voice = store.voices.add(owner, plain, heard, len(files), model)
        click.echo(f"{voice.name}  {voice.id}")
        click.echo("A server that uses this store knows it within a minute.", err=True)


@command.command("remove", cls=Command)
@click.argument("name")
@_key
@with_settings(names=STORE)
def remove(settings: Settings, name: str, owner: str) -> None:
    """Delete the voice called NAME, or with this id."""
    with _store(settings) as store:
        found = [voice for voice in _of(store, owner) if name in (voice.name, voice.id)]
        if not found:
            raise UnknownVoice(f"there is no voice {name} in {store.place}.")
        store.voices.delete(found[0].id, owner)
        click.echo(f"{found[0].name} is forgotten", err=True)


def _of(store: Store, owner: str) -> list[StoredVoice]:
    return [voice for voice in store.voices.all() if voice.owner == owner]


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    from livestt.store import open_store

    store = open_store(settings)
    if store is None:
        raise UnsupportedOption("voices are kept in the store: say which with --store.")
    try:
        yield store
    finally:
        store.close()


def _enrolled(settings: Settings, files: Sequence[Path]) -> tuple[HeardVoice, str]:
    """The voice, and the model that heard it."""
    from livestt.speakers.embedder_registry import load_embedder
    from livestt.speakers.enrolment import Listener, enrolled
    from livestt.speakers.scheduler import EmbedderScheduler
    from livestt.vad.silero import SileroVad

    embedder = load_embedder(settings)
    if embedder is None:
        raise UnsupportedOption(
            "nothing compares voices: give a speaker model with --embedding-model, or "
            "--embedding-backend resemblyzer."
        )
    scheduler = EmbedderScheduler(embedder)
    try:
        with ExitStack() as stack:
            samples = [stack.enter_context(path.open("rb")) for path in files]
            vad = SileroVad() if settings.vad else None
            listener = Listener.of(settings, scheduler, vad.open if vad else None)
            return enrolled(samples, listener), embedder.capabilities.model
    except OSError as error:
        raise UnsupportedOption(f"a sample cannot be read: {error}") from error
    finally:
        scheduler.close()
        embedder.close()
