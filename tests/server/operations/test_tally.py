"""What was done is counted, of sessions and of files."""

from __future__ import annotations

from dataclasses import replace

from livestt.access.keys import EVERYBODY
from livestt.engines.scripted import script_of
from livestt.errors import TooManyUploads
from livestt.events import Committed, Progress, Warned, Word
from livestt.server.access import asking
from livestt.server.operations.tally import Tally

from ..engines import Watched
from ..files.test_uploads import heard, run, serving, wav


def test_counts_only_grow() -> None:
    tally = Tally()
    first, second = tally.count("live"), tally.count("live")
    word = Word("a", 0, 100)
    first.receive_events([Progress(100, 50, 0), Committed((word, word)), Warned("slow", "")])
    second.receive_events([Progress(300, 300, 0), Committed((word,))])
    first.receive_events([Progress(400, 150, 0)])
    first.end()
    second.end()
    assert tally.started == {"live": 2}
    assert tally.words == {"live": 3}
    assert tally.audio == {"live": 700}
    assert tally.unheard == 250
    assert tally.warnings == {"slow": 1}


def test_files_are_counted() -> None:
    done: list[tuple[int, int]] = []

    async def case() -> None:
        async with serving(Watched(script_of("one two three"))) as uploads:
            uploads.observers.append(lambda samples, size: done.append((samples, size)))
            with uploads.admit() as upload:
                await heard(upload, wav(9.0))
            tally = uploads.sessions.tally
            assert tally.started == {"file": 1}
            assert tally.words["file"] == 3
            assert tally.audio["file"] == 9 * 16_000

    run(case)
    assert done == [(9 * 16_000, 2 * 9 * 16_000 + 44)]


def test_a_key_has_a_share_of_the_queue() -> None:
    refused = []

    async def case() -> None:
        async with serving(Watched()) as uploads:
            asking.grant.set(replace(EVERYBODY, name="small", max_sessions=1))
            with uploads.admit():
                try:
                    with uploads.admit():
                        pass
                except TooManyUploads as error:
                    refused.append(str(error))
            with uploads.admit():
                pass
            assert uploads.sessions.tally.refused == {"too_many_uploads": 1}

    run(case)
    assert "this key" in refused[0]
