"""``livestt key``: the file of API keys, made and changed."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from livestt.access.keys import SCOPES, USUAL, Key, check_name, digest_of, parse_file, parse_scopes
from livestt.cli.base import Command, Group
from livestt.cli.options import with_settings
from livestt.errors import SetupError, UnsupportedOption
from livestt.settings import Settings

PREFIX = "livestt_"
"""So that scanners for leaked secrets, and people, know what it is."""


@click.group("key", cls=Group)
def command() -> None:
    """Make, list and revoke API keys.

    \b
    livestt key new alice --api-keys-file keys
    livestt serve --host 0.0.0.0 --api-keys-file keys

    The file holds no key, only the hash of each. A running server notices when it changes.
    """


def _with_file(function: Callable[..., None]) -> Callable[..., None]:
    return with_settings(names=("api_keys_file", "log_level"))(function)


@command.command("new", cls=Command)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=USUAL,
    show_default=True,
    help="What the key allows. Repeatable.",
)
@click.option(
    "--max-sessions",
    type=click.IntRange(1, 999_999),
    help="Maximum number of concurrent sessions of this key.",
)
@_with_file
def new(settings: Settings, name: str, scopes: tuple[str, ...], max_sessions: int | None) -> None:
    """Make a key called NAME, and print it: it is not shown again."""
    path = key_file(settings)
    keys = stored(path)
    if any(key.name == name for key in keys):
        raise UnsupportedOption(f"{path} has a key named {name}; revoke it first.")
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key(
        check_name(name, "NAME"), parse_scopes(scopes, "--scope"), digest_of(secret), max_sessions
    )
    write(path, [*lines(path), key.line()])
    click.echo(secret)
    click.echo(f"added to {path}; the key itself is stored nowhere", err=True)


@command.command("list", cls=Command)
@_with_file
def show(settings: Settings) -> None:
    """List the keys: name, scopes and limit."""
    for key in stored(existing(key_file(settings))):
        limit = f"  at most {key.max_sessions} sessions" if key.max_sessions else ""
        scopes = ", ".join(scope for scope in SCOPES if scope in key.scopes)
        click.echo(f"{key.name}  {scopes}{limit}")


@command.command("revoke", cls=Command)
@click.argument("name")
@_with_file
def revoke(settings: Settings, name: str) -> None:
    """Revoke the key called NAME, and the temporary tokens made with it."""
    path = existing(key_file(settings))
    if not any(key.name == name for key in stored(path)):
        raise UnsupportedOption(f"{path} has no key named {name}.")
    write(path, [line for line in lines(path) if not is_named(line, path, name)])
    click.echo(f"{name} is no longer valid", err=True)


def key_file(settings: Settings) -> Path:
    """The file that the keys are in.

    Raises:
        UnsupportedOption: nobody said which.
    """
    if settings.api_keys_file is None:
        raise UnsupportedOption("say which file with --api-keys-file FILE.")
    return Path(settings.api_keys_file)


def existing(path: Path) -> Path:
    """The same file.

    Raises:
        SetupError: there is none.
    """
    if not path.exists():
        raise SetupError(
            f"There is no file {path}. `livestt key new NAME --api-keys-file {path}` makes it."
        )
    return path


def lines(path: Path) -> list[str]:
    """The lines of a key file; none if there is no file yet.

    Raises:
        SetupError: it cannot be read.
    """
    try:
        return path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"Cannot read the keys in {path}: {error}") from error


def stored(path: Path) -> list[Key]:
    """The keys of a file.

    Raises:
        SetupError: it cannot be read.
        UnsupportedOption: it is not a key file.
    """
    return parse_file("\n".join(lines(path)), str(path))


def is_named(line: str, path: Path, name: str) -> bool:
    return any(key.name == name for key in parse_file(line, str(path)))


def write(path: Path, content: Iterable[str]) -> None:
    """Replace a key file at once, readable by its owner alone.

    Raises:
        SetupError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in content)
        os.replace(name, path)
    except OSError as error:
        raise SetupError(f"Cannot write {path}: {error.strerror or error}") from error
