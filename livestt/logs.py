"""How log records are written: for people, or one JSON object per line for machines."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
FORMATS = ("text", "json")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

NAMES = {"uvicorn.error": "uvicorn"}
"""Loggers whose names would mislead."""

Context = Callable[[], Mapping[str, str]]
"""What is known of the request or session that a record belongs to."""


class TextFormatter(logging.Formatter):
    """One line per record, and its traceback if there is one.

    Control characters are escaped: a path that a client made up may hold line breaks, and what
    follows them would look like a record.
    """

    def __init__(self) -> None:
        super().__init__(TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return CONTROL.sub(_escaped, TEXT % {**record.__dict__, "name": name_of(record)})


def name_of(record: logging.LogRecord) -> str:
    """Who says it."""
    return NAMES.get(record.name, record.name)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class JsonFormatter(logging.Formatter):
    """One JSON object per record: ``time``, ``level``, ``logger``, ``message``, its context, and
    ``error`` with the traceback if there is one.

    Args:
        context: asked for each record.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        found = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": name_of(record),
            "message": record.getMessage(),
            **{name: value for name, value in self._context().items() if value},
        }
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False)


def nothing() -> Mapping[str, str]:
    return {}


def formatter(form: str, context: Context = nothing) -> logging.Formatter:
    """What writes records in one of `FORMATS`."""
    return JsonFormatter(context) if form == "json" else TextFormatter()
