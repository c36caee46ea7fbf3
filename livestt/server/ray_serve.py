"""The server on a Ray cluster: each replica is a whole server, and a session stays in one.

Ray's proxies pass a socket's frames to a replica, and Ray adds and removes replicas as sockets come
and go: an open socket is one ongoing request. Three things would go wrong by themselves:

- A replica takes ``max_ongoing_requests``, and a handshake beyond it waits in the proxy until some
  replica has room, or the client gives up. So that limit is out of reach here, and the server's own
  says 429 at once.
- A replica that is to go waits for its requests to end, which sockets do not, and is then killed.
  So it drains as a server that is asked to stop does, and clients come back to another replica.
- A proxy knows nothing of sessions. A client that comes back may come to another replica, which
  finds the session in the store; so the store has to be one that the replicas share.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
from starlette.applications import Starlette

from livestt.errors import EngineError, MissingExtra
from livestt.server.services import Services
from livestt.settings import Settings

log = logging.getLogger(__name__)

NAME = "livestt"
"""The name of the application, and of its one deployment."""
OUT_OF_REACH = 1_000_000
"""Requests a replica may have at once, as far as Ray is concerned."""
LEAVING = 30.0
"""Seconds a replica may take to drain and stop."""
GLANCE = 0.5
"""Seconds between two checks whether the replica is to stop."""
UNTOLD = "this version of Ray does not say when a replica is to stop: its sessions will be cut then"


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas there are, and what each of them gets."""

    least: int = 1
    most: int = 1
    sessions: float = 0.7
    """Share of ``--max-sessions`` that replicas are kept at."""
    up_seconds: float = 5.0
    """For which there must be too many sessions before a replica is added."""
    down_seconds: float = 600.0
    """For which there must be too few before one is taken away."""
    cpus: float = 1.0
    gpus: float = 0.0

    def options(self, settings: Settings) -> dict[str, Any]:
        """What Ray is told."""
        return {
            "name": NAME,
            "max_ongoing_requests": OUT_OF_REACH,
            "autoscaling_config": {
                "min_replicas": self.least,
                "max_replicas": self.most,
                "target_ongoing_requests": max(1.0, self.sessions * settings.max_sessions),
                "upscale_delay_s": self.up_seconds,
                "downscale_delay_s": self.down_seconds,
                "look_back_period_s": max(2.0, self.up_seconds),
                "metrics_interval_s": 1.0,
            },
            "request_router_config": {
                "request_router_class": "livestt.server.ray_router.LeastSessions"
            },
            "graceful_shutdown_wait_loop_s": 1.0,
            "graceful_shutdown_timeout_s": LEAVING,
            "ray_actor_options": {"num_cpus": self.cpus, "num_gpus": self.gpus},
        }


def application(assemble: Callable[[], Starlette], options: Mapping[str, Any]) -> Any:
    """The Ray Serve application; ``ray.serve.run`` runs it.

    Args:
        assemble: makes a server, in each replica.
        options: for Ray, see `Scale.options`.

    Raises:
        MissingExtra: Ray is not installed.
    """
    try:
        from ray import serve
    except ImportError as error:
        raise MissingExtra("a deployment on Ray", "ray") from error

    def build() -> Starlette:
        return replica(assemble(), _stopping())

    class Replica:
        """A server; Ray makes as many as are needed, and asks each how it is."""

        app: Starlette

        def check_health(self) -> None:
            served: Services = self.app.state.services
            if not served.scheduler.alive:
                raise EngineError("the engine's threads have ended")

    ingress: Any = serve.ingress(build)(Replica)
    return serve.deployment(**options)(ingress).bind()


def run_until_told(serve: Any, app: Any) -> None:
    """Run the application until SIGINT or SIGTERM, and let its replicas drain then. Only for the
    main thread.

    Args:
        serve: the module `ray.serve`, started.
        app: the application.
    """
    # Ray's own handler would end the process at once (SIGABRT), and a cluster of this machine with
    # it, in the middle of words.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        serve.run(app, name=NAME, route_prefix="/", blocking=True)
    except KeyboardInterrupt:
        log.info("the servers are asked to stop; sessions finish their last words")
        serve.delete(NAME)
    finally:
        signal.signal(signal.SIGTERM, before)


def replica(app: Starlette, stopping: Callable[[], bool]) -> Starlette:
    """A server that drains once it is to stop.

    Args:
        app: the server.
        stopping: whether it is to stop; asked often.
    """
    serving = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with serving(app), anyio.create_task_group() as tasks:
            tasks.start_soon(_drain, app.state.services, stopping)
            yield
            tasks.cancel_scope.cancel()

    app.router.lifespan_context = lifespan
    return app


async def _drain(served: Services, stopping: Callable[[], bool]) -> None:
    while not stopping():  # noqa: ASYNC110 - Ray calls nobody
        await anyio.sleep(GLANCE)
    log.info("this replica stops; its sessions continue on others")
    await served.sessions.drain(lambda: False)


def _stopping() -> Callable[[], bool]:
    """Whether Ray is about to stop the replica that this is called in.

    Ray has no public way to learn that: it calls a replica's destructor when all requests have
    ended, and `ray.serve.status` counts replicas that stop without saying which. So this looks
    where Ray keeps it. Where a Ray keeps it elsewhere, sessions are cut after `LEAVING` seconds,
    and their clients come back all the same; only what was said last is transcribed again.
    """
    try:
        from ray._private.worker import global_worker
    except ImportError:
        log.warning(UNTOLD)
        return lambda: False
    return partial(_is_stopping, lambda: global_worker.actors.values(), set())


def _is_stopping(actors: Callable[[], Iterable[object]], told: set[str]) -> bool:
    """Whether one of these actors is a replica that is to stop; warns once if none says.

    Args:
        actors: of this process.
        told: what has been warned about.
    """
    found = [getattr(actor, "_replica_impl", None) for actor in list(actors())]
    states = [getattr(impl, "_shutting_down", None) for impl in found]
    if not told and all(state is None for state in states):
        told.add(UNTOLD)
        log.warning(UNTOLD)
    return any(states)
