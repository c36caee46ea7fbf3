"""Two servers, one PostgreSQL, a balancer: one server after the other goes. See
docs/several-machines.md.

python scripts/cluster.py --sessions 40                    numbered words: every lost one shows
python scripts/cluster.py --sessions 8 --model tests/fixtures/whisper-synth
                                                           real speech, against an undisturbed run
"""

from __future__ import annotations

import json
import signal
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import anyio
import click
from anyio.abc import TaskGroup

from livestt.bench.bad_network import BadNetwork, Trouble
from livestt.bench.balancer import KINDS, balancer
from livestt.bench.chaos import free_port
from livestt.bench.cluster import (
    Difference,
    Node,
    Told,
    chaos_server,
    difference,
    node,
    real_server,
    talk,
    talk_deepgram,
)
from livestt.bench.postgres import postgres
from livestt.bench.reading_along import Seen, read_along
from livestt.engines.spelled import recording
from livestt.server.access.self_signed import certificate

ROOT = Path(__file__).parent.parent
SPEECH = ROOT / "tests" / "fixtures" / "speech" / "manifest.jsonl"
SECONDS = 100
"""Of speech: as long as all that happens."""
DEEPGRAM = "/v1/listen?encoding=linear16&sample_rate=16000&interim_results=true"
Talk = Callable[[str, bytes, ssl.SSLContext | None, Callable[[str], None]], Awaitable[Told]]


@dataclass(frozen=True)
class Event:
    """Something that happened to a server."""

    what: str
    begun: float
    ended: float


async def trouble(one: Node, two: Node, events: list[Event]) -> None:
    """One thing after the other."""

    async def happens(what: str, *steps: Callable[[], Awaitable[None]]) -> None:
        begun = anyio.current_time()
        for step in steps:
            await step()
        await anyio.sleep(6)
        events.append(Event(what, begun, anyio.current_time()))

    await anyio.sleep(8)
    kill_one, kill_two = (partial(each.stop, signal.SIGKILL) for each in (one, two))
    wait = partial(anyio.sleep, 2)
    await happens("one stops (SIGTERM) and starts again", one.stop, one.start)
    await happens("two is killed (SIGKILL) and starts again", kill_two, wait, two.start)
    await happens("one is cut off from everything for 20 s", partial(one.freeze, 20))
    await happens("two loses the database for 8 s", partial(two.lose_database, 8))
    await happens("both are killed and start again", kill_one, kill_two, one.start, two.start)


async def crowd(
    url: str, spoken: Sequence[bytes], context: ssl.SSLContext, how: Talk, seen: dict[int, Seen]
) -> list[Told]:
    """All of this is said at once, each in a session of its own, which somebody reads along with.

    Args:
        url: of the balancer.
        spoken: what is said.
        context: for TLS.
        how: to say it.
        seen: what the readers saw, by the number of the session.
    """
    told: dict[int, Told] = {}

    async def one(number: int, audio: bytes, tasks: TaskGroup) -> None:
        await anyio.sleep(number * 0.05)
        begun: set[str] = set()

        async def read(session: str) -> None:
            seen[number] = await read_along(url, session, context, lambda: number in told)

        def began(session: str) -> None:
            if not begun:
                tasks.start_soon(read, session)
            begun.add(session)

        told[number] = await how(url, audio, context, began)

    async with anyio.create_task_group() as tasks:
        for number, audio in enumerate(spoken):
            tasks.start_soon(one, number, audio, tasks)
    return [told[number] for number in range(len(spoken))]


async def run(
    folder: Path, kind: str, spoken: Sequence[bytes], model: Path | None, how: Talk, path: str
) -> tuple[list[Told], list[Told], dict[int, Seen], list[Event]]:
    """What the sessions were told undisturbed (nothing for numbered words), and otherwise; what
    their readers saw then."""
    pair = certificate(folder, "localhost")
    context = ssl.create_default_context(cafile=str(pair.certificate))
    async with AsyncExitStack() as stack:
        address = stack.enter_context(postgres())
        database = int(address.rpartition(":")[2].partition("/")[0])

        def command(own: int, way: int) -> Sequence[str]:
            store = address.replace(str(database), str(way))
            return chaos_server(own, store) if model is None else real_server(own, store, model)

        ports = [free_port(), free_port()]
        nodes = []
        for name, own in zip(("one", "two"), ports, strict=True):
            network = BadNetwork(database, Trouble())
            server = node(name, own, partial(command, own), folder / f"{name}.log", network)
            nodes.append(await stack.enter_async_context(server))
        servers = [f"127.0.0.1:{own}" for own in ports]
        port = stack.enter_context(
            balancer(kind, ROOT / "deploy", servers, folder, (pair.certificate, pair.key))
        )
        url = f"wss://localhost:{port}{path}"
        await anyio.sleep(5)  # the balancer asks the servers first
        calm = [] if model is None else await crowd(url, spoken, context, how, {})
        seen: dict[int, Seen] = {}
        events: list[Event] = []
        told: list[Told] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trouble, *nodes, events)
            told = await crowd(url, spoken, context, how, seen)
    return calm, told, seen, events


def speech(sessions: int) -> list[bytes]:
    """The recordings, in an order of its own for each session."""
    import random

    import numpy as np

    from livestt.bench.manifest import read_manifest
    from livestt.testing import decode_file

    sounds = [decode_file(item.path) for item in read_manifest(SPEECH)]
    found = []
    for seed in range(sessions):
        order = random.Random(seed).sample(sounds, len(sounds))
        sound = np.concatenate(order * 10)[: SECONDS * 16_000]
        found.append((sound * 32767).astype("<i2").tobytes())
    return found


def report_readers(told: Sequence[Told], seen: dict[int, Seen]) -> bool:
    """Whether all readers saw what the publishers of their sessions did."""
    apart = [difference(told[number].text, one.text) for number, one in seen.items()]
    unlike = sum(one.lost + one.extra + one.changed for one in apart)
    unfinished = sum(not one.finished for one in seen.values())
    longest = max((pause for one in seen.values() for pause in one.pauses), default=0.0)
    click.echo(
        f"{len(seen)} readers: {unlike} words other than their publishers', "
        f"rewritten {sum(one.rewritten for one in seen.values())}, "
        f"without the end {unfinished}; joined again {sum(one.joined - 1 for one in seen.values())}"
        f" times, without news for {longest:.1f} s at most"
    )
    return not (unlike or unfinished)


def report(told: Sequence[Told], events: Sequence[Event], found: Sequence[Difference]) -> bool:
    words = sum(one.words for one in found)
    lost, extra = sum(one.lost for one in found), sum(one.extra for one in found)
    changed = sum(one.changed for one in found)
    rewritten = sum(len(one.rewritten) for one in told)
    unfinished = sum(not one.finished for one in told)
    click.echo(
        f"{len(told)} sessions, {words} words: lost {lost}, doubled or invented {extra}, "
        f"otherwise {changed}, rewritten {rewritten}, unfinished sessions {unfinished}; "
        f"taken up again {sum(one.resumed for one in told)} times, "
        f"{sum(one.missing for one in told):.1f} s of audio gone"
    )
    for event in events:
        pauses = sorted(
            length
            for one in told
            for length, at in one.pauses
            if event.begun <= at - length / 2 < event.ended
        )
        middle = f"median {pauses[len(pauses) // 2]:.1f} s, " if pauses else ""
        longest = f"longest {pauses[-1]:.1f} s" if pauses else "none noticed it"
        click.echo(f"  {event.what}: {len(pauses)} pauses, {middle}{longest}")
        for at, text in (rewrite for one in told for rewrite in one.rewritten):
            if event.begun <= at < event.ended:
                click.echo(f"    rewritten: {text}")
    for line in sorted({close for one in told for close in one.closes}):
        click.echo(f"  closed: {line}")
    return not (lost or extra or changed or rewritten or unfinished)


@click.command()
@click.option("--sessions", default=20, show_default=True)
@click.option("--balancer", "kind", type=click.Choice(sorted(KINDS)), default="haproxy")
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="Speak really.")
@click.option("--deepgram", is_flag=True, help="Clients of Deepgram, which cannot resume.")
@click.option("--folder", type=click.Path(path_type=Path), help="An empty one, to keep the logs.")
def main(sessions: int, kind: str, model: Path | None, deepgram: bool, folder: Path | None) -> None:
    count = SECONDS * 1000 // 240
    spoken = [recording(count)] * sessions if model is None else speech(sessions)
    how, path = (talk_deepgram, DEEPGRAM) if deepgram else (talk, "/asr")
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        calm, told, seen, events = anyio.run(run, place, kind, spoken, model, how, path)
    numbers = " ".join(f"w{n}" for n in range(1, count + 1))
    wanted = [one.text for one in calm] or [numbers] * sessions
    found = [difference(one, other.text) for one, other in zip(wanted, told, strict=True)]
    if folder is not None:
        rows = [asdict(one) | {"wanted": text} for one, text in zip(told, wanted, strict=True)]
        (folder / "told.json").write_text(json.dumps([*rows, *map(asdict, events)], indent=1))
    well = report(told, events, found)
    sys.exit(not (report_readers(told, seen) and well))


if __name__ == "__main__":
    main()
