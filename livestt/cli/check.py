"""``livestt check``: what works on this machine, and how to fix the rest."""

from __future__ import annotations

import click

from livestt.cli.base import Command
from livestt.cli.columns import hanging, width
from livestt.cli.options import with_settings
from livestt.settings import Settings

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
# fmt: off
ASKED = (
    "model", "model_path", "model_cache_dir", "backend", "remote_url", "device",
    "compute_type", "decoder", "file_model", "store", "host", "port", "log_level",
    "api_keys_file",
)
# fmt: on


@click.command("check", cls=Command)
@with_settings(("Speakers", "Translation"), names=ASKED)
def command(settings: Settings) -> None:
    """Find out whether livestt runs here.

    Each line is ok, warn (something optional is missing) or fail, with what to do. The exit
    status is 1 if anything failed.

    \b
    livestt check
    livestt check --model large-v3 --device cuda --port 9000
    livestt check --diarization --target-language de --store /srv/transcripts.db
    """
    from livestt.cli.doctor import examine

    failed = False
    for finding in examine(settings):
        failed = failed or finding.level == "fail"
        mark = click.style(f"{finding.level:<4}", fg=COLOURS[finding.level])
        click.echo(f"{mark}  {hanging(f'{finding.subject}: {finding.says}', 6, width())}")
        if finding.advice:
            click.echo(f"      -> {finding.advice}")
    if failed:
        click.get_current_context().exit(1)
