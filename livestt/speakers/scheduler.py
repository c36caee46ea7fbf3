"""The schedulers of diarizers and embedders: threads that batch the jobs of all sessions."""

from __future__ import annotations

from typing import TypeAlias

from livestt.engines.scheduler import SchedulerOf
from livestt.engines.tickets import TicketOf
from livestt.speakers import Activity, Diarizer, DiarizerJob
from livestt.speakers.embeddings import Embedder, EmbedderJob, Embedding

DiarizerTicket: TypeAlias = TicketOf[DiarizerJob, Activity]
EmbedderTicket: TypeAlias = TicketOf[EmbedderJob, Embedding]


class DiarizerScheduler(SchedulerOf[DiarizerJob, Activity]):
    """Runs the jobs of all sessions on one diarizer.

    Unlike an engine's jobs, which repeat the audio of those before them, a withdrawn job must be
    asked again with its samples, or they are lost to its stream.
    """

    engine: Diarizer

    def __init__(self, diarizer: Diarizer) -> None:
        super().__init__(diarizer, diarizer.capabilities.answers_within)


class EmbedderScheduler(SchedulerOf[EmbedderJob, Embedding]):
    """Runs the jobs of all sessions on one embedder."""

    engine: Embedder

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
