"""``livestt pull``: download a model for later."""

from __future__ import annotations

import click

from livestt.cli.base import Command, announce
from livestt.cli.options import with_settings
from livestt.cli.spec import known
from livestt.settings import Settings


@click.command("pull", cls=Command)
@click.argument("spec")
@with_settings(names=("model_cache_dir", "log_level"))
def command(settings: Settings, spec: str) -> None:
    """Download a model, so that later starts need no network.

    SPEC is a size, a Hugging Face repository, an engine, or engine:model; each engine has its own
    format, and faster-whisper is meant if none is named. Prints the folder of the model. Only the
    files that livestt reads are fetched; for faster-whisper, a model in Hugging Face format is also
    converted, which needs the extra torch.

    \b
    livestt pull base
    livestt pull large-v3-turbo
    livestt pull openai/whisper-small --model-cache-dir /srv/models
    livestt pull mlx-whisper:large-v3-turbo
    """
    from livestt.engines.registry import DEFAULT
    from livestt.models.fetch import NO_DOWNLOAD, fetch

    wanted = known(spec)
    engine = wanted.backend or DEFAULT
    if engine in NO_DOWNLOAD:
        click.echo(f"There is nothing to download for the engine {engine}.", err=True)
        return
    worked = []

    def say(sentence: str) -> None:
        worked.append(sentence)
        announce(sentence)

    folder = fetch(engine, wanted.model, settings.model_cache_dir, say)
    if not worked:
        click.echo(f"{wanted.model or spec} is installed already.", err=True)
    click.echo(folder)
