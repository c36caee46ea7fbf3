"""``livestt rm``: free the disk of a model."""

from __future__ import annotations

import click

from livestt.cli.base import Command
from livestt.cli.options import with_settings
from livestt.cli.spec import parse
from livestt.cli.units import size
from livestt.errors import BadModel
from livestt.settings import Settings


@click.command("rm", cls=Command)
@click.argument("spec")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@with_settings(names=("model_cache_dir", "log_level"))
def command(settings: Settings, spec: str, yes: bool) -> None:
    """Delete a downloaded or converted model from this machine.

    \b
    livestt rm base
    livestt rm --yes Systran/faster-whisper-medium
    """
    from livestt.models import store

    name = parse(spec).model or spec
    model = store.find(name, settings.model_cache_dir)
    if model is None:
        names = ", ".join(stored.name for stored in store.stored(settings.model_cache_dir))
        raise BadModel(f"{name} is not on this machine, which has: {names or 'no models'}.")
    if not yes:
        click.confirm(f"Delete {model.name} ({size(model.bytes)}) from {model.path}?", abort=True)
    store.remove(model)
    click.echo(f"Deleted {model.name}, {size(model.bytes)} freed.")
