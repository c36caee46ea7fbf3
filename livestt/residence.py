"""Where models are kept that are in memory only while somebody needs them.

Whoever needs them holds them; while nobody does, they may be unloaded with `Residence.evict`.
`livestt.resident` has the engine, the diarizer and the embedder that stand in front of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from livestt.allocator import give_back_memory
from livestt.engines import Engine
from livestt.errors import EngineError, SetupError
from livestt.speakers import Diarizer
from livestt.speakers.embeddings import Embedder

log = logging.getLogger(__name__)

State = Literal["loaded", "loading", "unloading", "unloaded"]


class Closable(Protocol):
    """What engines, diarizers and embedders have in common."""

    @property
    def capabilities(self) -> Any: ...

    def close(self) -> None: ...


class Models(NamedTuple):
    """What a server runs. Loaded and unloaded together, because some share their weights."""

    engine: Engine
    diarizer: Diarizer | None = None
    file_diarizer: Diarizer | None = None
    """Of files; may be the same."""
    embedder: Embedder | None = None
    """Compares voices."""

    @property
    def all(self) -> list[Closable]:
        """Each of them once."""
        found: list[Closable] = [self.engine]
        for one in (self.diarizer, self.file_diarizer, self.embedder):
            if one is not None and not any(one is other for other in found):
                found.append(one)
        return found


@dataclass(slots=True)
class ResidenceStats:
    """Counted since the start."""

    loads: int = 0
    """How often the model came back; its first time does not count."""
    evictions: int = 0
    seconds: float = 0.0
    """Spent waiting for the model to come back."""


class Residence:
    """Where the models are kept. Thread-safe.

    Args:
        models: loaded; they belong to this from now on.
        load: loads the same ones again.

    Attributes:
        state: where they are.
        failure: why they could not be loaded, if the last attempt failed.
        stats: counted since the start.
    """

    def __init__(self, models: Models, load: Callable[[], Models]) -> None:
        self.state: State = "loaded"
        self.failure: str | None = None
        self.stats = ResidenceStats()
        self._able = _abilities(models)
        self._models: Models | None = models
        self._load = load
        self._moving = threading.Lock()  # held while they come or go, which takes long
        self._counting = threading.Lock()
        self._holders = 0
        self._needed = time.monotonic()

    def hold(self) -> Models:
        """The models, loaded if need be. They stay until `let_go` is called as often. Blocking.

        Raises:
            EngineError: they cannot be loaded again.
        """
        with self._moving:
            models = self._models or self._come_back()
            with self._counting:
                self._holders += 1
            return models

    def let_go(self) -> None:
        """Whoever held the models does not need them any more."""
        with self._counting:
            self._holders -= 1
            self._needed = time.monotonic()

    @property
    def held(self) -> Models:
        """The models, for somebody who holds them.

        Raises:
            EngineError: nobody does.
        """
        if self._models is None:
            raise EngineError("the model is not loaded")
        return self._models

    def evict(self, idle: float = 0.0) -> bool:
        """Unload the models, unless they were needed in the last ``idle`` seconds. Blocking.

        Returns:
            Whether they were in memory, and are not any more.
        """
        with self._moving:
            with self._counting:
                since = time.monotonic() - self._needed
                if self._models is None or self._holders or since < idle:
                    return False
            models, self._models = self._models, None
            self.state = "unloading"
            try:
                _close(models)
            finally:
                del models
                give_back_memory()
                self.state = "unloaded"
                self.stats.evictions += 1
        log.info("nobody needs the model: it is unloaded")
        return True

    def close(self) -> None:
        """Free the models, if they are in memory. No call follows."""
        with self._moving:
            models, self._models = self._models, None
            if models is not None:
                _close(models)

    def _come_back(self) -> Models:
        started = time.monotonic()
        self.state = "loading"
        log.info("the model is loaded again")
        try:
            models = self._load()
            if _abilities(models) != self._able:
                _close(models)
                raise SetupError("the model was replaced by another one; restart the server")
        except (EngineError, SetupError) as error:
            self.state, self.failure = "unloaded", str(error)
            raise EngineError(f"the model cannot be loaded again: {error}") from error
        except BaseException as error:
            self.state, self.failure = "unloaded", f"{type(error).__name__}: {error}"
            raise
        self._models, self.state, self.failure = models, "loaded", None
        self.stats.loads += 1
        self.stats.seconds += time.monotonic() - started
        return models


def _abilities(models: Models) -> list[Any]:
    return [model.capabilities for model in models.all]


def _close(models: Models) -> None:
    """Close all, whatever one of them raises."""
    with ExitStack() as closing:
        for model in models.all:
            closing.callback(model.close)
