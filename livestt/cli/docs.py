"""Writes ``docs/settings.md`` and ``docs/cli.md``: ``python -m livestt.cli.docs``.

Both are made from what the program itself uses, and a test fails when they are stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from livestt.cli import COMMANDS, CONTEXT, main
from livestt.option import GROUPS, Setting
from livestt.settings import table

WIDTH = 96

SETTINGS_HEAD = """\
# Settings

Every setting is an option on the command line and an environment variable; the option wins.
This page is made by `python -m livestt.cli.docs` from the tables in `livestt/settings/`.

Switches take `1`, `true`, `yes` or `on` in a variable, and `0`, `false`, `no` or `off`.
Options spelled as in WhisperLiveKit are accepted where they mean the same thing; where they do
not, livestt says what to use instead.
"""

CLI_HEAD = """\
# Commands

`livestt` alone is `livestt serve`, and options without a command are those of `serve`. Exit
status: 0 done, 1 stopped by the user or something was found wrong (`check`, `diagnose`, `bench`),
2 a mistake that the message on stderr explains. [Settings](settings.md) describes the options
that are also variables.
This page is made by `python -m livestt.cli.docs` from `--help`.
"""


def settings_page() -> str:
    """``docs/settings.md``."""
    sections = [SETTINGS_HEAD]
    for group in GROUPS:
        sections.append(f"## {group}\n")
        sections += [_setting(row) for row in table() if row.option.group == group]
    return "\n".join(sections)


def _setting(row: Setting) -> str:
    return f"### `{row.flag}`\n\n{row.option.help}\n\n" + "".join(
        f"- {fact}\n" for fact in _facts(row)
    )


def _facts(row: Setting) -> Iterator[str]:
    option = row.option
    yield f"Variable: `{row.variable}`"
    unit = f" {option.unit}" if option.unit else ""
    yield f"Default: {_value(row.default)}{unit}"
    if option.choices:
        listed = () if callable(option.choices) else option.choices
        some = ", ".join(f"`{choice}`" for choice in listed)
        yield f"Choices: {some or '`auto` and the names that `livestt models` lists'}"
    if option.minimum is not None or option.maximum is not None:
        low, high = option.minimum, option.maximum
        bounds = [f"at least {low:g}"] if low is not None else []
        bounds += [f"at most {high:g}"] if high is not None else []
        yield f"Range: {', '.join(bounds)}"
    if isinstance(row.default, tuple):
        yield "Several: repeat the option; in the variable, separate with spaces or commas"
    if row.default is True:
        yield f"Off: `--no-{row.flag.removeprefix('--')}`"
    if option.aliases or option.switches:
        also = [f"`{alias}`" for alias in option.aliases]
        also += [f"`{flag}` (means {_value(value)})" for flag, value in option.switches.items()]
        yield f"Also accepted: {', '.join(also)}"
    if option.synonyms:
        said = ", ".join(f"`{old}` (means `{new}`)" for old, new in option.synonyms.items())
        yield f"Also accepted as values: {said}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value}`" if value not in (None, "", ()) else "not set"


def cli_page() -> str:
    """``docs/cli.md``."""
    context = _context(main, "livestt", None)
    pages = [CLI_HEAD, _fenced(main.get_help(context))]
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        pages += _helps(command, name, context)
    return "\n".join(pages)


def _helps(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """The help of a command and of those below it."""
    context = _context(command, name, parent)
    yield f"## {context.command_path}\n\n{_fenced(command.get_help(context))}"
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _helps(below, below.name or "", context)


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    """One that does not ask the terminal how wide it is."""
    context = click.Context(command, parent, name, terminal_width=WIDTH, max_content_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    return context


def _fenced(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


PAGES = {"settings.md": settings_page, "cli.md": cli_page}


@click.command(context_settings=CONTEXT)
@click.option("--to", type=click.Path(path_type=Path), default=Path("docs"), show_default=True)
def write(to: Path) -> None:
    """Write the generated pages into a folder."""
    to.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (to / name).write_text(make(), encoding="utf-8")
        click.echo(f"{to / name}")


if __name__ == "__main__":
    write()
