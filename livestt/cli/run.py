"""``livestt run``: one command from nothing to a running server."""

from __future__ import annotations

from dataclasses import replace

import click

from livestt.cli.base import Command
from livestt.cli.options import EVERYTHING, with_settings
from livestt.cli.serve import start
from livestt.cli.spec import known
from livestt.settings import Settings


@click.command("run", cls=Command)
@click.argument("spec")
@with_settings(EVERYTHING, without=("model", "model_path", "backend"))
def command(settings: Settings, spec: str) -> None:
    """Download a model if it is not on this machine yet, then serve it.

    SPEC is a size, a Hugging Face repository, a folder, an engine, or engine:model.

    \b
    livestt run base
    livestt run faster-whisper:large-v3-turbo --device cuda
    livestt run ./my-model --language fr --port 9000
    """
    from livestt.engines.registry import DEFAULT

    wanted = known(spec)
    start(
        replace(
            settings,
            backend=wanted.backend or DEFAULT,
            model=wanted.model,
        )
    )
