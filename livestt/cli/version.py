"""``livestt version``."""

from __future__ import annotations

import click

from livestt import __version__
from livestt.cli.base import Command


@click.command("version", cls=Command)
def command() -> None:
    """Print the version.

    \b
    livestt version
    """
    click.echo(f"livestt {__version__}")
