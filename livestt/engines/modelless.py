"""What engines without a model share: no state, and any jobs can share a batch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

from livestt.engines import Hypothesis, Job, StreamOptions


class ModellessEngine:
    """An engine that works each answer out of its job alone; a subclass says how."""

    weights: ClassVar[Literal["ctranslate2"] | None] = None

    def open(self, options: StreamOptions) -> None: ...

    def release(self, stream: None) -> None: ...

    def reset(self, stream: None) -> None: ...

    def close(self) -> None: ...

    def batch_key(self, job: Job) -> Hashable:
        return None

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        return [self.answer(job) for job in jobs]

    def answer(self, job: Job) -> Hypothesis:
        """The answer to one job."""
        raise NotImplementedError
