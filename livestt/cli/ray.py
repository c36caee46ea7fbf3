"""``livestt ray``: the server on a Ray cluster."""

from __future__ import annotations

import logging
from functools import partial

import click

from livestt.cli.base import Command, announce
from livestt.cli.options import EVERYTHING, with_settings
from livestt.errors import MissingExtra, SetupError
from livestt.settings import Settings

log = logging.getLogger(__name__)


@click.command("ray", cls=Command)
@click.option("--min-replicas", type=click.IntRange(1), default=1, show_default=True,
              help="Minimum number of servers.")  # fmt: skip
@click.option("--max-replicas", type=click.IntRange(1), default=4, show_default=True,
              help="Maximum number of servers.")  # fmt: skip
@click.option("--fill", type=click.FloatRange(0.01, 1.0), default=0.7, show_default=True,
              help="Target load of each server, as a share of --max-sessions.")  # fmt: skip
@click.option("--upscale-delay", type=click.FloatRange(0), default=5.0, show_default=True,
              metavar="SECONDS", help="Higher load for this long adds a server.")  # fmt: skip
@click.option("--downscale-delay", type=click.FloatRange(0), default=600.0, show_default=True,
              metavar="SECONDS", help="Lower load for this long removes one.")  # fmt: skip
@click.option("--replica-cpus", type=click.FloatRange(0.0), default=1.0, show_default=True,
              help="CPUs that Ray reserves for each server.")  # fmt: skip
@click.option("--replica-gpus", type=click.FloatRange(0.0), default=0.0, show_default=True,
              help="GPUs that Ray reserves for each server.")  # fmt: skip
@with_settings(EVERYTHING, without=("ssl_self_signed", "wyoming_port", "wyoming_host"))
def command(
    settings: Settings,
    min_replicas: int,
    max_replicas: int,
    fill: float,
    upscale_delay: float,
    downscale_delay: float,
    replica_cpus: float,
    replica_gpus: float,
) -> None:
    """Serve on a Ray cluster, with as many servers as the sessions need.

    \b
    livestt ray --model base --max-replicas 4       a cluster of this machine
    RAY_ADDRESS=auto livestt ray --replica-gpus 1   the cluster it is part of

    Needs the extra ray. Each replica is a complete server. --store has to be a PostgreSQL database
    that all of them can reach, or none. See docs/several-machines.md.
    """
    from livestt.cli.preflight import check_certificate
    from livestt.cli.serve import assemble
    from livestt.server.ray_serve import Scale, application, run_until_told

    check_certificate(settings)

    if max_replicas < min_replicas:
        raise SetupError("--max-replicas must not be less than --min-replicas.")
    if max_replicas > 1 and not settings.store.startswith(("postgres", "none")):
        raise SetupError(
            "Several servers need one store: --store postgresql://..., or --no-store, with which "
            "a session is lost when its server goes."
        )
    scale = Scale(
        min_replicas, max_replicas, fill, upscale_delay, downscale_delay, replica_cpus, replica_gpus
    )
    app = application(partial(assemble, settings, log.info), scale.options(settings))
    try:
        import ray
        from ray import serve
    except ImportError as error:
        raise MissingExtra("a deployment on Ray", "ray") from error
    ray.init(ignore_reinit_error=True, log_to_driver=True)
    options = {"host": settings.host, "port": settings.port}
    if settings.ssl_certfile:
        options |= {"ssl_certfile": settings.ssl_certfile, "ssl_keyfile": settings.ssl_keyfile}
    serve.start(proxy_location="EveryNode", http_options=options)
    announce(f"starting {min_replicas} to {max_replicas} servers on port {settings.port}")
    run_until_told(serve, app)
