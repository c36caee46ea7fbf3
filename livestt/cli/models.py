"""``livestt models``: which models there are, and which are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestt.cli.base import Command
from livestt.cli.options import with_settings
from livestt.cli.units import size
from livestt.extras import install_command
from livestt.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from livestt.models.store import StoredModel


@click.command("models", cls=Command)
@with_settings(names=("model_cache_dir", "log_level"))
def command(settings: Settings) -> None:
    """List engines, diarizers, embedders, the models known by name, and those on this machine.

    \b
    livestt models
    livestt models --model-cache-dir /srv/models
    """
    from rich.console import Console

    from livestt.models import store

    stored = store.stored(settings.model_cache_dir)
    console = Console()
    console.print(_engines())
    console.print(_diarizers(settings.model_cache_dir))
    console.print(_embedders())
    console.print(_known(stored))
    others = _others(stored)
    if others:
        console.print(_local(others))


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _engines() -> Table:
    from livestt.engines.registry import available

    table = _table("Engines", "engine", "installed")
    for info in available().values():
        table.add_row(info.name, _installed(info.install))
    return table


def _diarizers(cache_dir: str | None) -> Table:
    from livestt.models import diarizers
    from livestt.models.convert_diarizer import NEEDS as CONVERTED
    from livestt.plugins import lacking
    from livestt.settings.speakers import DEFAULT_MODELS
    from livestt.speakers.registry import NEEDS, available

    table = _table(
        "\nDiarizers (--diarization-backend)",
        "diarizer",
        "installed",
        "model unless --diarization-model",
        "here",
    )
    for name in available():
        model, extra, here = DEFAULT_MODELS.get(name, "none"), lacking(name, NEEDS), False
        if name in CONVERTED:
            found = diarizers.local(model, cache_dir)
            extra, here = diarizers.lacking(found, model, cache_dir), found is not None
        table.add_row(name, _installed(_command(extra)), model, "yes" if here else "")
    return table


def _embedders() -> Table:
    from livestt.plugins import lacking
    from livestt.speakers.embedder_registry import NEEDS, available

    table = _table("\nEmbedders (--embedding-backend)", "embedder", "installed")
    for name in available():
        table.add_row(name, _installed(_command(lacking(name, NEEDS))))
    return table


def _command(extra: str | None) -> str | None:
    return None if extra is None else install_command(extra)


def _installed(command: str | None) -> str:
    """What the tables say, given the command that installs what is missing."""
    from rich.markup import escape

    return "yes" if command is None else escape(f"no: {command}")


def _known(stored: list[StoredModel]) -> Table:
    from livestt.models.catalog import KNOWN

    here = {model.name: model for model in stored}
    table = _table("\nModels (--model)", "name", "languages", "into English", "download", "here")
    for known in KNOWN.values():
        table.add_row(
            known.name,
            known.languages,
            "yes" if known.translates else "no",
            size(known.megabytes * 1_000_000),
            _state(here.get(known.name)),
        )
    return table


def _others(stored: list[StoredModel]) -> list[StoredModel]:
    from livestt.models.catalog import KNOWN

    return [model for model in stored if model.name not in KNOWN]


def _local(models: list[StoredModel]) -> Table:
    table = _table("\nOther models on this machine", "name", "here", "folder")
    for model in models:
        table.add_row(model.name, _state(model), str(model.path))
    return table


def _state(model: StoredModel | None) -> str:
    if model is None:
        return ""
    return size(model.bytes) + ("" if model.complete else ", incomplete: pull it again")
