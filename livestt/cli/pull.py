"""``livestt pull``: download a model for later."""

from __future__ import annotations

import click

from livestt.cli.base import Command, announce
from livestt.cli.options import with_settings
from livestt.cli.spec import parse
from livestt.settings import Settings


@click.command("pull", cls=Command)
@click.argument("spec")
@with_settings(names=("model_cache_dir", "log_level"))
def command(settings: Settings, spec: str) -> None:
    """Download a model, so that later starts need no network.

    Prints the folder it is in. Only the files that livestt reads are fetched; a model in Hugging
    Face format is also converted, which needs the extra torch.

    \b
    livestt pull base
    livestt pull large-v3-turbo
    livestt pull openai/whisper-small --model-cache-dir /srv/models
    """
    wanted = parse(spec)
    if wanted.model is None:
        click.echo(f"The engine {wanted.backend} needs no model of its own to be named.", err=True)
        return
    from livestt.models import resolve
    from livestt.models.locate import ready

    if ready(wanted.model, settings.model_cache_dir):
        click.echo(f"{wanted.model} is installed already.", err=True)
    click.echo(resolve(wanted.model, settings.model_cache_dir, announce))
