"""The ``livestt`` command. Each subcommand is a file of this package, imported when it is named."""

from __future__ import annotations

from importlib import import_module

import click

from livestt import __version__

COMMANDS = {
    "serve": "Start the server (what `livestt` alone does)",
    "run": "Download a model if needed, then serve it",
    "ray": "Serve on a Ray cluster",
    "transcribe": "Transcribe audio files",
    "listen": "Transcribe the microphone",
    "models": "List engines and models",
    "pull": "Download a model",
    "convert": "Convert a diarizer to ONNX",
    "rm": "Delete a downloaded model",
    "check": "Find out what works on this machine",
    "diagnose": "Find out why captions of a file are late or wrong",
    "bench": "Measure a server, an engine or files",
    "key": "Make, list and revoke API keys",
    "voices": "List, add and remove voice profiles",
    "extension": "Write the browser extension into a folder",
    "version": "Print the version",
}
"""Name and one line of help, here so that ``livestt --help`` imports none of them."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Main(click.Group):
    """A group whose commands load late, and which serves unless told otherwise."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"livestt.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h", "--version")):
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Main, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="livestt", message="%(prog)s %(version)s")
def main() -> None:
    """Speech to text while people talk, on your own machine.

    \b
    livestt                          serve on http://127.0.0.1:8000
    livestt --model small --lan en   options without a command are those of serve
    livestt transcribe meeting.mp3   a file instead, to stdout
    livestt check                    what works here, and how to fix the rest

    Each command has its own --help.
    """
