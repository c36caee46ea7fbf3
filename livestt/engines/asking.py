"""Ask a model for the answers to a batch, in a thread of a scheduler's.

Nothing that a model raises, or gives instead of an answer, goes further than the tickets.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from typing import Generic, Protocol, TypeVar

from livestt.engines.tickets import SchedulerStats, TicketOf, settle
from livestt.errors import EngineError

log = logging.getLogger(__name__)

J = TypeVar("J")
A = TypeVar("A")
Asked = TypeVar("Asked", contravariant=True)
Answered = TypeVar("Answered", covariant=True)


class Limits(Protocol):
    """The part of a model's capabilities that matters to a scheduler."""

    @property
    def max_batch(self) -> int: ...

    @property
    def parallel(self) -> int: ...


class Runner(Protocol[Asked, Answered]):
    """A model that answers jobs in batches."""

    @property
    def capabilities(self) -> Limits: ...

    def batch_key(self, job: Asked, /) -> Hashable: ...

    def run(self, jobs: Sequence[Asked], /) -> Sequence[Answered]: ...


class Asking(Generic[J, A]):
    """Thread-safe as far as the model is.

    Args:
        engine: the model.
        stats: where retries and failures are counted.
    """

    def __init__(self, engine: Runner[J, A], stats: SchedulerStats) -> None:
        self._engine = engine
        self._stats = stats

    def key(self, ticket: TicketOf[J, A]) -> Hashable:
        """The model's key; a job it cannot even look at goes alone, to fail alone."""
        try:
            key = self._engine.batch_key(ticket.job)
            hash(key)  # what cannot be hashed may not be comparable either
            return key
        except Exception as error:
            log.warning("a job has no batch key: %s", error, exc_info=_unexpected(error))
            return id(ticket)

    def settle(self, batch: Sequence[TicketOf[J, A]]) -> None:
        """Run a batch; every ticket in it is done afterwards. If that fails, each job is tried
        alone: one that the model cannot answer must not cost the others theirs."""
        failure = self._answer(batch)
        if failure is not None and len(batch) > 1:
            for ticket in batch:
                self._stats.retries += 1
                alone = self._answer([ticket])
                if alone is not None:
                    self._give_up([ticket], alone)
        elif failure is not None:
            self._give_up(batch, failure)

    def _answer(self, batch: Sequence[TicketOf[J, A]]) -> str | None:
        """Run one batch; the reason if that failed."""
        try:
            answers = self._engine.run([ticket.job for ticket in batch])
            if len(answers) != len(batch):
                raise EngineError(f"the engine gave {len(answers)} answers to {len(batch)} jobs")
            if any(answer is None for answer in answers):
                raise EngineError("the engine gave no answer to a job")
        except Exception as error:
            log.warning("a batch of %d failed: %s", len(batch), error, exc_info=_unexpected(error))
            return f"{type(error).__name__}: {error}"
        for ticket, answer in zip(batch, answers, strict=True):
            settle(ticket, answer)
        return None

    def _give_up(self, batch: Sequence[TicketOf[J, A]], reason: str) -> None:
        for ticket in batch:
            self._stats.failures += 1
            settle(ticket, failure=reason)


def _unexpected(error: Exception) -> bool:
    return not isinstance(error, EngineError)
