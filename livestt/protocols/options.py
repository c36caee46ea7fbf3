"""What clients of any dialect may ask of a session: language, prompt, translation. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, cast, get_args

from livestt.engines import Capabilities, StreamOptions, Task
from livestt.errors import BadRequest
from livestt.translation.codes import find

MAX_TEXT = 4_000
"""Most characters of a prompt, and of all hotwords; engines use a few dozen words of either."""


def language_option(
    value: str | None, engine: Capabilities, default: str | None = None
) -> str | None:
    """A language parameter as the engine takes it: None means detect it.

    Raises:
        BadRequest: the engine does not know that language.
    """
    if value is None or value == "":
        return default
    code = value.strip().lower().replace("_", "-").split("-")[0]
    if code == "auto":
        return None if engine.detects_language else next(iter(sorted(engine.languages)))
    if code not in engine.languages:
        known = ", ".join(sorted(engine.languages))
        raise BadRequest(f"language '{value[:40]}' is not one of this server's: auto, {known}")
    return code


def target_option(value: Any, targets: Collection[str], default: str | None = None) -> str | None:
    """A ``target_language`` as the translator takes it: None translates nothing.

    Raises:
        BadRequest: nothing translates into it.
    """
    if value is None:
        return default and find(default, targets)
    if not isinstance(value, str):
        raise BadRequest("target_language must be a string such as 'de', or empty for none")
    if value.strip().lower() in ("", "none"):
        return None
    if not targets:
        raise BadRequest("target_language: this server does not translate; see --target-language")
    found = find(value, targets)
    if found is None:
        known = ", ".join(sorted(targets))
        raise BadRequest(f"target_language '{value[:40]}' is not one of this server's: {known}")
    return found


def configured(
    options: StreamOptions, changes: Mapping[str, Any], engine: Capabilities
) -> StreamOptions:
    """Options with the fields of a ``configure`` message changed.

    Raises:
        BadRequest: a field of the wrong type or a value the engine cannot honour.
    """
    if "language" in changes:
        value = changes["language"]
        if not isinstance(value, str):
            raise BadRequest("language must be a string such as 'en' or 'auto'")
        options = replace(options, language=language_option(value, engine))
    if "task" in changes:
        options = replace(options, task=_task(changes["task"], engine))
    if "prompt" in changes:
        options = replace(options, prompt=_prompt(changes["prompt"]))
    if "hotwords" in changes:
        options = replace(options, hotwords=_hotwords(changes["hotwords"]))
    return options


def _task(value: Any, engine: Capabilities) -> Task:
    for task in get_args(Task):
        if value == task:
            if task == "translate" and not engine.translates:
                raise BadRequest(f"task translate: the model {engine.model} does not translate")
            return cast(Task, task)
    raise BadRequest(f"task must be one of: {', '.join(get_args(Task))}")


def _prompt(value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest("prompt must be a string")
    if len(value) > MAX_TEXT:
        raise BadRequest(f"prompt must be at most {MAX_TEXT} characters long")
    _check_text("prompt", value)
    return value


def _hotwords(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise BadRequest("hotwords must be a list of strings or one comma-separated string")
    if sum(len(word) for word in value) > MAX_TEXT:
        raise BadRequest(f"hotwords must be at most {MAX_TEXT} characters long together")
    _check_text("hotwords", "".join(value))
    return tuple(word.strip() for word in value if word.strip())


def _check_text(name: str, value: str) -> None:
    """JSON may hold half of a surrogate pair, which no tokenizer takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequest(
            f"{name} contains half a surrogate pair, which is not valid text"
        ) from None
