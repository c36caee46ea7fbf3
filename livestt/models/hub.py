"""The Hugging Face hub and its cache: the only module that downloads models."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfApi, constants, get_session, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from livestt.errors import BadModel, ModelUnavailable
from livestt.models.folder import COPIED, WEIGHTS, inspect

CONNECT_SECONDS = 3.0
"""How long the hub may take to answer at all before it counts as unreachable."""
REQUEST_SECONDS = 10.0

CTRANSLATE2_FILES = ("model.bin", "config.json", "vocabulary.*", *COPIED)
TRANSFORMERS_FILES = (
    "config.json",
    "generation_config.json",
    "processor_config.json",
    "*token*.json",
    "vocab.json",
    *COPIED,
)

# The base of all errors of the HTTP library that this huggingface_hub happens to use.
NETWORK_ERRORS: tuple[type[Exception], ...] = (OSError, HfHubHTTPError.__mro__[1])


def is_repository(spec: str) -> bool:
    """Whether this is written as the name of a repository, ``org/name``."""
    return re.fullmatch(r"\w[\w.-]*/[\w.-]+", spec) is not None


def cached(repo: str, cache_dir: str | None = None) -> Path | None:
    """The complete local snapshot of a repository, or None. Never asks the network."""
    try:
        config = try_to_load_from_cache(repo, "config.json", cache_dir=cache_dir)
    except HFValidationError:
        return None
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return None if inspect(folder).missing else folder


def snapshot(repo: str, files: Sequence[str], cache_dir: str | None = None) -> Path | None:
    """The local snapshot of a repository, or None. Never asks the network.

    Args:
        repo: ``org/name``.
        files: name patterns of what was to be fetched.
        cache_dir: the cache; None for the usual one.
    """
    try:
        found = snapshot_download(
            repo, cache_dir=cache_dir, allow_patterns=list(files), local_files_only=True
        )
    except (HFValidationError, LocalEntryNotFoundError):
        return None
    return Path(found)


def unreachable() -> str | None:
    """Why nothing can be downloaded now, or None if the hub answers."""
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        get_session().head(constants.ENDPOINT, timeout=CONNECT_SECONDS)
    except NETWORK_ERRORS as error:
        return f"{constants.ENDPOINT} cannot be reached ({_reason(error)})"
    return None


def download(
    repo: str,
    cache_dir: str | None,
    name: str,
    begin: Callable[[], None],
    files: Sequence[str] | None = None,
    advice: str | None = None,
) -> Path:
    """Fetch the files of a repository that a model needs, into the cache.

    Args:
        repo: ``org/name``.
        cache_dir: the cache; None for the usual one.
        name: what the user called it, for messages.
        begin: called once it is known that there is something to fetch.
        files: name patterns to fetch; None looks which a Whisper model needs.
        advice: what to do without a network; None is `pull_elsewhere`.

    Raises:
        ModelUnavailable: the hub cannot be reached.
        BadModel: there is no such repository, or no Whisper model in it.
    """
    reason = unreachable()
    if reason is not None:
        raise unavailable(name, reason, advice)
    try:
        with _quiet():
            patterns = _needed(repo) if files is None else list(files)
            begin()
            snapshot = snapshot_download(
                repo,
                cache_dir=cache_dir,
                allow_patterns=patterns,
                etag_timeout=REQUEST_SECONDS,
            )
    except HFValidationError as error:
        raise BadModel(f"{repo} is not a repository name: {error}") from error
    except GatedRepoError as error:
        raise BadModel(
            f"{repo} asks for consent: accept its terms on {constants.ENDPOINT}/{repo}, then "
            "put your access token in HF_TOKEN."
        ) from error
    except RepositoryNotFoundError as error:
        raise BadModel(
            f"There is no repository {repo} on {constants.ENDPOINT}, or it is private: then put "
            "an access token in HF_TOKEN."
        ) from error
    except NETWORK_ERRORS as error:
        raise unavailable(name, _reason(error), advice) from error
    return Path(snapshot)


def _needed(repo: str) -> list[str]:
    """Name patterns of the files worth downloading, after a look at what there is."""
    siblings = HfApi().model_info(repo, timeout=REQUEST_SECONDS).siblings or []
    names = [Path(file.rfilename) for file in siblings]
    if Path("model.bin") in names:
        return list(CTRANSLATE2_FILES)
    for pattern in WEIGHTS:
        if any(name.match(pattern) for name in names):
            return [*TRANSFORMERS_FILES, pattern, f"{pattern}.index.json"]
    raise BadModel(
        f"{repo} holds no Whisper model: neither model.bin (CTranslate2) nor safetensors."
    )


def unavailable(name: str, reason: str, advice: str | None = None) -> ModelUnavailable:
    """The error for a model that is not here and cannot be fetched.

    Args:
        name: what the user called it.
        reason: why nothing can be fetched.
        advice: what to do without a network; None is `pull_elsewhere`.
    """
    advice = advice or pull_elsewhere(name)
    return ModelUnavailable(
        f"Model {name} is not on this machine and cannot be downloaded: {reason}. Check the "
        f"network, or {advice}"
    )


def pull_elsewhere(spec: str) -> str:
    """What to do without a network, for a model that `livestt pull` knows by this name."""
    return (
        f"run `livestt pull {spec}` on another machine and copy its cache, or give a folder with "
        "--model-path."
    )


def _reason(error: Exception) -> str:
    """What went wrong at the bottom, without the advice that libraries add on top of it."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out the hub library's retry log, and its progress bars where nobody looks at them."""
    if not sys.stderr.isatty():
        disable_progress_bars()
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
