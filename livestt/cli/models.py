"""``livestt models``: which models there are, and which are installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from livestt.cli.base import Command
from livestt.cli.columns import aligned
from livestt.cli.options import with_settings
from livestt.cli.units import size
from livestt.extras import install_command
from livestt.settings import Settings

if TYPE_CHECKING:
    from livestt.models.store import StoredModel

Row = tuple[str, ...]


@click.command("models", cls=Command)
@with_settings(names=("model_cache_dir", "log_level"))
def command(settings: Settings) -> None:
    """List engines, diarizers, embedders, the models known by name, and those on this machine.

    \b
    livestt models
    livestt models --model-cache-dir /srv/models
    """
    from livestt.models import store

    stored = store.stored(settings.model_cache_dir)
    cache_dir = settings.model_cache_dir
    _show("Engines (--backend)", ("engine", "installed"), _engines())
    _show("Diarizers (--diarization-backend)", ("diarizer", "installed"), _diarizers(cache_dir))
    _show(
        "Default models of diarizers",
        ("diarizer", "model", "here"),
        _models_of_diarizers(cache_dir),
    )
    _show("Embedders (--embedding-backend)", ("embedder", "installed"), _embedders())
    _show(
        "Models (--model)",
        ("name", "languages", "into English", "download", "here"),
        _known(stored),
    )
    _show("Other models on this machine", ("name", "here", "folder"), _others(stored))


def _show(title: str, headings: Row, rows: Iterator[Row]) -> None:
    listed = list(rows)
    if not listed:
        return
    click.secho(title, bold=True)
    first, *others = aligned([headings, *listed])
    click.secho(first, dim=True)
    click.echo("\n".join(others) + "\n")


def _engines() -> Iterator[Row]:
    from livestt.engines.registry import available

    for info in available().values():
        yield info.name, _installed(info.install)


def _diarizers(cache_dir: str | None) -> Iterator[Row]:
    from livestt.models import diarizers
    from livestt.models.convert_diarizer import NEEDS as CONVERTED
    from livestt.plugins import lacking
    from livestt.settings.speakers import DEFAULT_MODELS
    from livestt.speakers.registry import NEEDS, available

    for name in available():
        extra = lacking(name, NEEDS)
        if name in CONVERTED:
            model = DEFAULT_MODELS[name]
            extra = diarizers.lacking(diarizers.local(model, cache_dir), model, cache_dir)
        yield name, _installed(_command(extra))


def _models_of_diarizers(cache_dir: str | None) -> Iterator[Row]:
    from livestt.models import diarizers
    from livestt.models.convert_diarizer import NEEDS as CONVERTED
    from livestt.settings.speakers import DEFAULT_MODELS
    from livestt.speakers.registry import available

    for name in available():
        if name in DEFAULT_MODELS:
            model = DEFAULT_MODELS[name]
            here = name in CONVERTED and diarizers.local(model, cache_dir) is not None
            yield name, model, "yes" if here else ""


def _embedders() -> Iterator[Row]:
    from livestt.plugins import lacking
    from livestt.speakers.embedder_registry import NEEDS, available

    for name in available():
        yield name, _installed(_command(lacking(name, NEEDS)))


def _command(extra: str | None) -> str | None:
    return None if extra is None else install_command(extra)


def _installed(command: str | None) -> str:
    """What the tables say, given the command that installs what is missing."""
    return "yes" if command is None else f"no: {command}"


def _known(stored: list[StoredModel]) -> Iterator[Row]:
    from livestt.models.catalog import KNOWN

    here = {model.name: model for model in stored}
    for known in KNOWN.values():
        yield (
            known.name,
            known.languages,
            "yes" if known.translates else "no",
            size(known.megabytes * 1_000_000),
            _state(here.get(known.name)),
        )


def _others(stored: list[StoredModel]) -> Iterator[Row]:
    from livestt.models.catalog import KNOWN

    for model in stored:
        if model.name not in KNOWN:
            yield model.name, _state(model), str(model.path)


def _state(model: StoredModel | None) -> str:
    if model is None:
        return ""
    return size(model.bytes) + ("" if model.complete else ", incomplete: pull it again")
