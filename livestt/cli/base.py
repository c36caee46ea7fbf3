"""What all commands share: errors in one line, options in groups, advice on flags that are gone."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from livestt import logs
from livestt.cli.retired import all_advice
from livestt.errors import LivesttError
from livestt.option import GROUPS, Setting, Value
from livestt.settings import Settings

T = TypeVar("T")
READ = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITTEN = click.Path(dir_okay=False, path_type=Path)
SWITCHED = "livestt.switched"
"""Where in the context the values set by aliases without a value wait."""


class Refused(click.ClickException):
    """A `LivesttError` on the command line: one line, and exit status 2."""

    exit_code = 2


class Formatter(click.HelpFormatter):
    """Breaks no line within ``--an-option`` or ``a-name``, so that both can be copied."""

    WHOLE = "\ue000"
    """Stands for a hyphen while lines are wrapped."""

    def write(self, string: str) -> None:
        super().write(string.replace(self.WHOLE, "-"))

    def write_text(self, text: str) -> None:
        super().write_text(self._whole(text))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        super().write_dl([(name, self._whole(text)) for name, text in rows], col_max, col_spacing)

    def _whole(self, text: str) -> str:
        return re.sub(r"(?<=\S)-(?=\S)", self.WHOLE, text)


class Context(click.Context):
    formatter_class = Formatter


class Command(click.Command):
    """A command that says what replaces a flag it does not know, and never shows a traceback."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        gone = all_advice(args)  # click takes the list apart as it reads
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as unknown:
            if unknown.option_name not in gone:
                raise
            told = "\n".join(f"{flag}: {sentence}" for flag, sentence in gone.items())
            raise click.UsageError(told, ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LivesttError as error:
            from livestt.audio.explain import for_file

            raise Refused(for_file(str(error))) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Own options first, then the settings by group."""
        sections: dict[str, list[tuple[str, str]]] = {name: [] for name in ("Options", *GROUPS)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                group = param.setting.option.group if isinstance(param, SettingOption) else None
                sections[group or "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Group(click.Group):
    """Commands below one name, each with its whole first sentence."""

    context_class = Context

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, one.get_short_help_str(limit=200)) for name, one in self.commands.items()]
            )


class SettingOption(click.Option):
    """The click option of one setting. Older spellings work and are not shown."""

    def __init__(self, setting: Setting, **attributes: Any) -> None:
        self.setting = setting
        names = [setting.flag, *setting.option.aliases]
        if isinstance(setting.default, bool) and setting.default:
            names[0] = f"{setting.flag}/--no-{setting.flag.removeprefix('--')}"
        super().__init__(
            [*names, setting.name],
            envvar=setting.variable,
            help=setting.option.help,
            metavar=setting.option.unit.upper() or None,
            show_default=setting.default not in (None, "", ()),
            **attributes,
        )

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        shown, self.opts = self.opts, [o for o in self.opts if self._is_current(o)]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = shown

    def _is_current(self, name: str) -> bool:
        return name == self.setting.flag or not name.startswith("--")


# click.ParamType takes no type argument at run time in the oldest click that livestt accepts.
class ChoiceType(click.ParamType):  # type: ignore[type-arg]
    """One of a setting's choices. Synonyms are translated; `Settings` refuses the rest."""

    name = "choice"

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        choices = self.setting.option.choices
        listed = "" if callable(choices) else f"[{'|'.join(choices)}]"
        return listed if 0 < len(listed) < 50 else "NAME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Value:
        small = str(value).lower()
        return self.setting.option.synonyms.get(small, small)


class ListType(click.ParamType):  # type: ignore[type-arg]
    """A repeatable text; its variable holds several, separated by spaces or commas."""

    name = "text"

    def split_envvar_value(self, rv: str) -> list[str]:
        return rv.replace(",", " ").split()


def option(setting: Setting, default: Value) -> click.Option:
    """Make the click option of a setting."""
    if isinstance(default, bool):
        return SettingOption(setting, is_flag=True, default=default)
    if isinstance(default, tuple):
        return SettingOption(setting, multiple=True, default=default, type=ListType())
    if setting.option.choices:
        return SettingOption(setting, type=ChoiceType(setting), default=default)
    # A number that is off unless given has no default to tell by, but a range.
    bounded = int if setting.option.minimum is not None else str
    kind = type(default) if isinstance(default, int | float) else bounded
    return SettingOption(setting, type=kind, default=default)


def switches(setting: Setting) -> list[click.Option]:
    """The hidden flags without a value that set a setting."""
    return [
        click.Option(
            [flag, f"switch_{flag.strip('-').replace('-', '_')}"],
            is_flag=True,
            hidden=True,
            expose_value=False,
            callback=_switch(setting, value),
        )
        for flag, value in setting.option.switches.items()
    ]


def settings_of(ctx: click.Context, values: dict[str, Any]) -> Settings:
    """The settings that a command line and the environment add up to."""
    return Settings(**{**values, **ctx.meta.get(SWITCHED, {})})


def in_one_line(run: Callable[[], T]) -> T:
    """Run; of a group of errors the first of ours is what people can act on."""
    failures: list[BaseException] = []
    try:
        return run()
    except* LivesttError as group:
        failures += _leaves(group)
    raise failures[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def announce(sentence: str) -> None:
    """Say on stderr what is about to take long."""
    click.echo(f"{sentence} ...", err=True)


def configure_logging(settings: Settings) -> None:
    """Log to stderr at the level asked for; libraries only when something is wrong."""
    level = settings.log_level.upper()
    logging.basicConfig(level=level, format=logs.TEXT)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logs.formatter(settings.log_format))
    for library in ("faster_whisper", "httpx", "httpx2", "huggingface_hub", "websockets"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))


def _switch(setting: Setting, value: Value) -> Any:
    def note(ctx: click.Context, param: click.Parameter, given: bool) -> None:
        if given:
            ctx.meta.setdefault(SWITCHED, {})[setting.name] = value

    return note
