"""Models that requests for files may name, besides the one that the server runs.

They are loaded when somebody names them, a few at a time, and unloaded when another one is
wanted or nobody has named them for a while. Live sessions know nothing of them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
from anyio import to_thread

from livestt.allocator import give_back_memory
from livestt.engines import Engine
from livestt.engines.scheduler import Scheduler
from livestt.errors import EngineError, SetupError
from livestt.pipeline import Pipeline
from livestt.settings import Settings

log = logging.getLogger(__name__)

PREFIXES = ("whisper-", "openai/whisper-", "Systran/faster-whisper-")
"""What clients write before a size: ``whisper-small`` is ``small``."""
CHECKS = 8
"""How often to look in the time that a model stays idle."""
LOOK = 5.0
"""Seconds between two looks, at most; they also find models that hang."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model in memory, and what runs it."""

    pipeline: Pipeline
    scheduler: Scheduler


@dataclass(slots=True)
class _Loaded:
    chosen: Chosen
    users: int = 0
    used: float = field(default_factory=time.monotonic)


class Beside(Scheduler):
    """Runs a model that is for files alone, and gives way to whoever speaks to another one.

    Args:
        engine: the model.
        own: runs the model of the live sessions.
    """

    def __init__(self, engine: Engine, own: Scheduler) -> None:
        self._own = own
        super().__init__(engine)

    @property
    def live(self) -> bool:
        return self._own.live


class FileModels:
    """The models of a server.

    Args:
        pipeline: of the model that the server runs.
        scheduler: the same.
        patience: seconds that closing a model may take.
        load: makes an engine of settings; blocking.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        scheduler: Scheduler,
        patience: float,
        load: Callable[[Settings], Engine] | None = None,
    ) -> None:
        self._own = Chosen(pipeline, scheduler)
        self._patience = patience
        self._load_engine = load or _load
        self._loaded: dict[str, _Loaded] = {}
        self._moving = anyio.Lock()  # held while a model comes or goes, or waits for a place
        self._crowded = False
        self._given_back = anyio.Event()

    @property
    def names(self) -> list[str]:
        """What a request may name, the server's own model first."""
        engine, settings = self._own.pipeline.engine, self._own.pipeline.settings
        return list(dict.fromkeys([engine.model, *map(called, settings.file_model)]))

    @property
    def loaded(self) -> list[str]:
        """Models in memory besides the server's own."""
        return list(self._loaded)

    @asynccontextmanager
    async def choose(self, name: str | None) -> AsyncIterator[Chosen]:
        """The model of this name, in memory as long as the block lasts; the server's own for any
        other name.

        Raises:
            EngineError: it cannot be loaded.
        """
        wanted = self._find(name)
        if wanted is None:
            yield self._own
            return
        held = await self._take(wanted)
        try:
            yield held.chosen
        finally:
            self._give_back(held)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Inside the block models may be chosen; after it none is left in memory."""
        idle = self._own.pipeline.settings.model_idle_seconds
        try:
            async with anyio.create_task_group() as tasks:
                if self._own.pipeline.settings.file_model:
                    tasks.start_soon(self._look_after, idle)
                yield
                tasks.cancel_scope.cancel()
        finally:
            for name in list(self._loaded):
                await self._unload(name)

    def _find(self, name: str | None) -> str | None:
        """Which of ``--file-model`` a client means; None is the server's own."""
        if name is None or name == self._own.pipeline.engine.model:
            return None
        known = {called(one): one for one in self._own.pipeline.settings.file_model}
        sizes = [name.removeprefix(prefix) for prefix in PREFIXES]
        return next((known[one] for one in (name, *sizes) if one in known), None)

    async def _take(self, name: str) -> _Loaded:
        if self._crowded:  # or those who come later would keep a place taken for ever
            async with self._moving:
                pass
        while (held := self._loaded.get(name)) is None:
            await self._fetch(name)
        held.users += 1
        return held

    async def _fetch(self, name: str) -> None:
        """Have a model in memory, which may take minutes; those that are there go on meanwhile."""
        async with self._moving:
            if name not in self._loaded:
                await self._make_room()
                self._loaded[name] = _Loaded(await to_thread.run_sync(self._load, name))

    async def _make_room(self) -> None:
        try:
            while len(self._loaded) >= self._own.pipeline.settings.file_models_loaded:
                idle = [name for name, held in self._loaded.items() if not held.users]
                if idle:
                    await self._unload(min(idle, key=lambda one: self._loaded[one].used))
                else:
                    self._crowded = True
                    await self._given_back.wait()
        finally:
            self._crowded = False

    def _give_back(self, held: _Loaded) -> None:
        held.users -= 1
        held.used = time.monotonic()
        self._given_back.set()
        self._given_back = anyio.Event()

    def _load(self, name: str) -> Chosen:
        own = self._own.pipeline
        settings = replace(own.settings, model=name, model_path=None)
        log.info("loading the model %s for files", name)
        try:
            engine = self._load_engine(settings)
            try:
                others = own.diarizer, own.file_diarizer, own.embedder
                pipeline = Pipeline(settings, engine.capabilities, *others)
            except BaseException:
                engine.close()
                raise
        except SetupError as error:
            # The reason names folders of this machine, which are no business of a client's.
            log.warning("the model %s cannot be loaded: %s", name, error)
            raise EngineError(
                f"the model {called(name)} cannot be loaded; the server's log says why"
            ) from error
        pipeline.known = own.known
        return Chosen(pipeline, Beside(engine, self._own.scheduler))

    async def _unload(self, name: str) -> None:
        held = self._loaded.pop(name)
        scheduler = held.chosen.scheduler
        with anyio.CancelScope(shield=True):  # nobody else knows of it any more
            if await to_thread.run_sync(scheduler.close, self._patience):
                await to_thread.run_sync(scheduler.engine.close)
                log.info("the model %s is unloaded", name)
            else:
                log.error("the model %s hangs, and stays in memory", name)
            del held, scheduler
            await to_thread.run_sync(give_back_memory)

    async def _look_after(self, idle: float) -> None:
        while True:
            await anyio.sleep(min(LOOK, idle / CHECKS) if idle else LOOK)
            for held in self._loaded.values():
                held.chosen.scheduler.give_up_hung()
            if idle:
                await self._tidy(time.monotonic() - idle)

    async def _tidy(self, since: float) -> None:
        """Unload what nobody has named since then (``time.monotonic``)."""
        for name, held in list(self._loaded.items()):
            async with self._moving:
                there = self._loaded.get(name) is held
                if there and not held.users and held.used < since:
                    await self._unload(name)


def called(model: str) -> str:
    """What clients call a model: a folder by its own name, whatever folders it lies in."""
    return Path(model).name if model.startswith(("/", ".", "~")) else model


def _load(settings: Settings) -> Engine:
    from livestt.engines.registry import load_engine

    return load_engine(settings)
