"""A session's events and their translations, in one stream."""

from __future__ import annotations

from collections.abc import Callable

from livestt.engines import StreamOptions
from livestt.events import Event
from livestt.pipeline import Pipeline
from livestt.transcript import Transcript


class Interpreter:
    """Passes one session's events on, with translations among them where something translates.

    Args:
        pipeline: knows what translates.
        view: of the session, to be kept by nobody else.
        forward: called on the event loop with every batch of events, in order.
        options: what is asked of the engine.
        target: language that lines are translated into; None translates nothing.

    Attributes:
        target: the same, now.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        view: Transcript,
        forward: Callable[[list[Event]], None],
        options: StreamOptions,
        target: str | None,
    ) -> None:
        self.target = target
        self._forward = forward
        self._options = options
        self._driver = pipeline.open_translation(view, forward)
        self._aim()

    def configure(self, options: StreamOptions) -> None:
        """Options of what is said from now on."""
        self._options = options
        self._aim()

    def translate(self, target: str | None) -> None:
        """The language that lines are translated into from now on."""
        self.target = target
        self._aim()

    def receive_events(self, events: list[Event]) -> None:
        """What the session says, in order; its end waits for its last translation."""
        if self._driver is None:
            self._forward(events)
        else:
            self._driver.receive_events(events)

    async def run(self) -> None:
        """Translate until the session has ended."""
        if self._driver is not None:
            await self._driver.run()

    def _aim(self) -> None:
        if self._driver is not None:
            english = "en" if self._options.task == "translate" else None
            self._driver.aim(english, self.target)
