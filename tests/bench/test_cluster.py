"""Two servers, a balancer and a database: a session moves, and no word is lost."""

from __future__ import annotations

import re
import shutil
import ssl
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import anyio
import pytest

from livestt.bench.bad_network import BadNetwork, Trouble
from livestt.bench.balancer import KINDS, SERVERS, balancer, written
from livestt.bench.chaos import free_port
from livestt.bench.cluster import Difference, Told, chaos_server, difference, node, talk
from livestt.bench.postgres import postgres, programs
from livestt.bench.reading_along import Seen, read_along
from livestt.engines.spelled import recording
from livestt.server.access.self_signed import certificate

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
COUNT = 25
TEXT = " ".join(f"w{n}" for n in range(1, COUNT + 1))


def test_texts_differ_word_by_word() -> None:
    assert difference("He said, maybe.", "he said maybe") == Difference(3, 0, 0, 0)
    assert difference("he said maybe", "he did say maybe so") == Difference(3, 0, 2, 1)
    assert difference("he said maybe", "maybe") == Difference(3, 2, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_files_are_used_as_they_are_but_for_places(kind: str, tmp_path: Path) -> None:
    shipped = (DEPLOY / KINDS[kind].file).read_text("utf-8")
    servers = ["127.0.0.1:1001", "127.0.0.1:1002"]
    text = written(kind, shipped, servers, 1003, tmp_path, (tmp_path / "c", tmp_path / "k"))
    assert len(set(re.findall(SERVERS, shipped))) == 2
    assert not re.search(SERVERS, text)
    assert "127.0.0.1:1001" in text
    assert "127.0.0.1:1002" in text
    assert ":1003" in text
    assert "example.org" not in text
    changed = set(shipped.splitlines()) - set(text.splitlines())
    assert len(changed) < 15


@pytest.mark.skipif(programs() is None, reason="no PostgreSQL")
@pytest.mark.parametrize("kind", KINDS)
def test_a_session_goes_on_at_the_other_server(kind: str, tmp_path: Path) -> None:
    if shutil.which(kind) is None:
        pytest.skip(f"no {kind}")
    pytest.importorskip("psycopg")
    pair = certificate(tmp_path, "localhost")
    context = ssl.create_default_context(cafile=str(pair.certificate))

    async def run(stack: AsyncExitStack) -> tuple[Told, Seen]:
        address = stack.enter_context(postgres())
        nodes = []
        for name in ("one", "two"):
            port = free_port()
            # Straight to the database; the network between them is for scripts/cluster.py.
            command = partial(lambda own, _: chaos_server(own, address), port)
            network = BadNetwork(0, Trouble())
            server = node(name, port, command, tmp_path / f"{name}.log", network)
            nodes.append(await stack.enter_async_context(server))
        servers = [f"127.0.0.1:{one.port}" for one in nodes]
        tls = (pair.certificate, pair.key)
        port = stack.enter_context(balancer(kind, DEPLOY, servers, tmp_path, tls))
        told: list[Told] = []
        seen: dict[str, Seen] = {}
        url = f"wss://localhost:{port}/asr"

        async with anyio.create_task_group() as tasks:

            async def read(session: str) -> None:
                seen[session] = await read_along(url, session, context, lambda: bool(told))

            def began(session: str) -> None:
                if session not in seen:
                    seen[session] = Seen()
                    tasks.start_soon(read, session)

            async def speak() -> None:
                told.append(await talk(url, recording(COUNT), context, began))

            tasks.start_soon(speak)
            await anyio.sleep(2)  # it has begun to speak, or else it begins at the other server
            await nodes[0].stop()
            await nodes[0].start()
            await nodes[1].stop()
        return told[0], next(iter(seen.values()))

    async def whole() -> tuple[Told, Seen]:
        with anyio.fail_after(200):
            async with AsyncExitStack() as stack:
                return await run(stack)

    told, seen = anyio.run(whole)
    assert told.text == TEXT
    assert told.finished
    assert not told.rewritten
    assert seen.text == TEXT
    assert seen.finished, "though it may be looking for the session while that ends"
