"""How Ray's proxies choose among servers. Imported by them, where Ray is installed."""

from __future__ import annotations

from ray.serve.request_router import FIFOMixin, PendingRequest, RequestRouter, RunningReplica


class LeastSessions(FIFOMixin, RequestRouter):  # type: ignore[misc]
    """Newcomers go to the server with the fewest open requests.

    Ray's own router compares two chosen at random, which for short requests is as good. A session
    lasts for hours, and both may be full while a third has just been started for it.
    """

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        """All of them, as equals; Ray asks each how much it has to do and takes the least."""
        return [list(candidate_replicas)] if candidate_replicas else []
