"""``livestt extension``: the browser extension, ready to load."""

from __future__ import annotations

from pathlib import Path

import click

from livestt.cli.base import Command


@click.command("extension", cls=Command)
@click.argument("action", type=click.Choice(["export"]))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--server", metavar="URL", help="Address of the server that the extension connects to at first."
)
@click.option("--zip", "zipped", is_flag=True, help="Write DIR.zip instead of a folder.")
def command(action: str, folder: Path, server: str | None, zipped: bool) -> None:
    """Write the Chrome extension into a folder.

    \b
    livestt extension export captions
    livestt extension export captions --server https://captions.example.org
    livestt extension export captions --zip

    Then open chrome://extensions, switch on "Developer mode", press "Load unpacked" and choose the
    folder. Exporting again replaces it; press the reload arrow there afterwards.
    """
    from livestt.extension import assemble, write_archive, write_folder

    files = assemble(server)
    if zipped:
        target = folder.with_name(f"{folder.name}.zip")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_archive(files, target)
    else:
        target = folder
        write_folder(files, target)
    click.echo(f"{target}: {len(files)} files")
