"""Two servers, each in a network namespace of its own; the network between them and all others
loses every packet for a while. Linux, as root. See docs/several-machines.md.

python scripts/partition.py --sessions 12

Numbered words are spoken through a balancer. At the end, what the sessions were told and what the
database holds is compared with what was said: a server that was cut off, and goes on when the
network is back, must have written nothing to the sessions that moved.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import click

from livestt.bench.balancer import KINDS, balancer
from livestt.bench.chaos import answers
from livestt.bench.cluster import Told, difference, talk
from livestt.bench.postgres import postgres
from livestt.engines.spelled import recording
from livestt.server.access.self_signed import certificate
from livestt.store import Store

ROOT = Path(__file__).parent.parent
NETWORK = "10.213.0.0/16"
PORT = 8000
SECONDS = 100


@dataclass(frozen=True)
class Machine:
    """A network namespace, joined to this one by a cable."""

    name: str
    number: int

    @property
    def address(self) -> str:
        return f"10.213.{self.number}.2"

    def enter(self, *command: str) -> list[str]:
        """A command that runs there."""
        return ["ip", "netns", "exec", self.name, *command]

    def lose_packets(self, *, begin: bool) -> None:
        """All packets, in both directions, without a word to anybody."""
        for chain in ("INPUT", "OUTPUT"):
            does = "-I" if begin else "-D"
            tell(*self.enter("iptables", does, chain, "!", "-i" if chain == "INPUT" else "-o",
                             "lo", "-j", "DROP"))  # fmt: skip

    def pull_cable(self, *, begin: bool) -> None:
        # At its own end: this one's route stays, or packets would go to some other network.
        state = "down" if begin else "up"
        tell(*self.enter("ip", "link", "set", f"lstt{self.number}x", state))


def tell(*command: str) -> None:
    subprocess.run(command, check=True)


@contextmanager
def machine(number: int) -> Iterator[Machine]:
    one = Machine(f"livestt{number}", number)
    here, there = f"lstt{number}", f"lstt{number}x"
    tell("ip", "netns", "add", one.name)
    try:
        tell("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        tell("ip", "link", "set", there, "netns", one.name)
        tell("ip", "addr", "add", f"10.213.{number}.1/24", "dev", here)
        tell("ip", "link", "set", here, "up")
        for rest in (
            ["addr", "add", f"{one.address}/24", "dev", there],
            ["link", "set", there, "up"],
            ["link", "set", "lo", "up"],
        ):
            tell(*one.enter("ip", *rest))
        yield one
    finally:
        tell("ip", "netns", "del", one.name)


@contextmanager
def server(where: Machine, store: str, log: Path) -> Iterator[None]:
    """A server on this machine inside the block."""
    module = ["-m", "livestt.bench.chaos_server", f"{where.address}:{PORT}", store]
    with log.open("wb") as out:
        process = subprocess.Popen(
            where.enter(sys.executable, *module), stdout=out, stderr=out, env=os.environ
        )
        try:
            while not answers(PORT, where.address):
                if process.poll() is not None:
                    raise click.ClickException(log.read_text("utf-8"))
            yield
        finally:
            process.terminate()
            process.wait()


async def trouble(machines: Sequence[Machine]) -> None:
    one, two = machines
    await anyio.sleep(10)
    for where, happens in ((one, one.lose_packets), (two, two.pull_cable)):
        click.echo(f"{where.name}: {happens.__name__} for 25 s")
        happens(begin=True)
        await anyio.sleep(25)
        happens(begin=False)
        await anyio.sleep(10)


async def speak(
    url: str, context: ssl.SSLContext, sessions: int, machines: Sequence[Machine]
) -> tuple[list[Told], set[str]]:
    """What each session was told, and their ids."""
    told: list[Told] = []
    ids: set[str] = set()

    async def one() -> None:
        told.append(await talk(url, recording(SECONDS * 1000 // 240), context, ids.add))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trouble, machines)
        for _ in range(sessions):
            tasks.start_soon(one)
            await anyio.sleep(0.05)
    return told, ids


@click.command()
@click.option("--sessions", default=12, show_default=True)
@click.option("--balancer", "kind", type=click.Choice(sorted(KINDS)), default="haproxy")
@click.option("--folder", type=click.Path(path_type=Path), help="An empty one, to keep the logs.")
def main(sessions: int, kind: str, folder: Path | None) -> None:
    with ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pair = certificate(folder, "localhost")
        machines = [stack.enter_context(machine(number)) for number in (1, 2)]
        place = stack.enter_context(postgres(NETWORK))
        for one in machines:
            store = place.replace("127.0.0.1", f"10.213.{one.number}.1")
            stack.enter_context(server(one, store, folder / f"{one.name}.log"))
        servers = [f"{one.address}:{PORT}" for one in machines]
        tls = (pair.certificate, pair.key)
        port = stack.enter_context(balancer(kind, ROOT / "deploy", servers, folder, tls))
        context = ssl.create_default_context(cafile=str(pair.certificate))
        url = f"wss://localhost:{port}/asr"
        told, ids = anyio.run(speak, url, context, sessions, machines)
        kept = Store(place)
        stored = [kept.read(one).text for one in sorted(ids)]
        kept.close()
    said = " ".join(f"w{n}" for n in range(1, SECONDS * 1000 // 240 + 1))
    shown = [difference(said, one.text) for one in told]
    written = [difference(said, text) for text in stored]
    for what, found in (("shown", shown), ("stored", written)):
        click.echo(
            f"{what}: {len(found)} sessions, {sum(one.words for one in found)} words, "
            f"lost {sum(one.lost for one in found)}, doubled {sum(one.extra for one in found)}, "
            f"otherwise {sum(one.changed for one in found)}"
        )
    pauses = sorted(length for one in told for length, _ in one.pauses)
    click.echo(
        f"unfinished {sum(not one.finished for one in told)}, "
        f"taken up again {sum(one.resumed for one in told)} times, "
        f"rewritten {sum(len(one.rewritten) for one in told)}, "
        f"pauses {[round(length, 1) for length in pauses]}"
    )
    for line in sorted({close for one in told for close in one.closes}):
        click.echo(f"  closed: {line}")
    right = all(not (one.lost or one.extra or one.changed) for one in [*shown, *written])
    sys.exit(not (right and all(one.finished for one in told)))


if __name__ == "__main__":
    main()
