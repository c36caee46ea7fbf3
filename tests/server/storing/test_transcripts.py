"""Earlier transcripts over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from livestt.engines.scripted import script_of
from livestt.events import SpeakerNamed
from livestt.limiters import MAX_BROWSING
from livestt.server.storing import browsing
from livestt.server.storing.transcripts import TYPES
from livestt.store import Found, Store

from ..conftest import Serve
from ..engines import Gated, Watched
from ..running import PATIENCE, Running

SAID = "Good morning everybody and welcome to the show. It is about foxes."
QUERY = {"encoding": "s16le", "mode": "diff"}
Ask = Callable[..., tuple[int, Any]]


def asking(server: Running) -> Ask:
    def ask(path: str, method: str = "GET", body: Any = None, key: str = "") -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {key}"} if key else {}
        request = Request(server.http + path, data, headers, method=method)
        try:
            with urlopen(request) as answer:
                text, status = answer.read().decode(), answer.status
                assert answer.headers["cache-control"] == "no-store"
                plain = "json" not in (answer.headers["content-type"] or "")
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())["code"]
        return status, text if plain else json.loads(text)

    return ask


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(str(tmp_path / "transcripts.db"))) as store:
        yield store


@pytest.fixture
def server(serve: Serve, store: Store) -> Running:
    """A server at which two things have been said."""
    server = serve(Watched(script_of(SAID)), kept=store)
    for _ in range(2):
        server.talk(bytes(32_000 * 6), **QUERY)
    return server


@pytest.fixture
def ask(server: Running) -> Ask:
    return asking(server)


def test_the_list_comes_in_pages(ask: Ask, store: Store) -> None:
    ids = [row.id for row in store.newest(10)]
    status, first = ask("/transcripts?limit=1")
    assert status == 200
    assert [row["id"] for row in first["transcripts"]] == ids[:1]
    assert first["transcripts"][0]["words"] == len(SAID.split())
    assert first["transcripts"][0]["running"] is False
    assert first["transcripts"][0]["beginning"] == "Good morning everybody and welcome to the show."
    _, rest = ask(f"/transcripts?before={first['before']}")
    assert [row["id"] for row in rest["transcripts"]] == ids[1:]
    assert "before" not in rest


def test_search_says_which_lines(ask: Ask, store: Store) -> None:
    ids = {row.id for row in store.newest(10)}
    _, found = ask("/transcripts?q=" + quote("about FOX"))
    assert {line["transcript"] for line in found["lines"]} == ids
    assert {line["text"] for line in found["lines"]} == {"It is about foxes."}
    assert ask(f"/transcripts/{store.newest(1)[0].id}", "PATCH", {"title": "Foxes"})[0] == 200
    newest, older = ask("/transcripts?q=foxes")[1]["lines"]
    assert (newest["title"], older["title"]) == ("Foxes", "")
    assert newest["started"] >= older["started"]
    assert ask("/transcripts?q=badgers")[1] == {"lines": []}


def test_who_searches_in_many_of_them_keeps_nobody_else_waiting(
    server: Running, ask: Ask, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, searching = threading.Event(), threading.Semaphore(0)

    def slow(*args: Any) -> list[Found]:
        searching.release()
        assert may_go.wait(PATIENCE)
        return []

    monkeypatch.setattr(store, "search", slow)
    monkeypatch.setattr(browsing, "MOST_WAITING", 2)
    with ThreadPoolExecutor(10) as people:
        asked = [people.submit(ask, "/transcripts?q=the") for _ in range(10)]
        for _ in range(MAX_BROWSING):
            assert searching.acquire(timeout=PATIENCE)
        sent_away = islice(as_completed(asked), 10 - MAX_BROWSING - 2)
        assert [one.result() for one in sent_away] == [(503, "overloaded")] * 4
        assert server.talk(bytes(32_000 * 6), **QUERY).state.finished
        may_go.set()
    assert sum(one.result()[0] == 200 for one in asked) == MAX_BROWSING + 2


@pytest.mark.parametrize("kind", TYPES)
def test_a_transcript_in_every_format(ask: Ask, store: Store, kind: str) -> None:
    session = store.newest(1)[0].id
    status, whole = ask(f"/transcripts/{session}?format={kind}")
    assert status == 200
    text = json.dumps(whole) if "json" in kind else whole
    assert "foxes." in text
    _, part = ask(f"/transcripts/{session}?format={kind}&to=2")
    assert "foxes." not in (json.dumps(part) if "json" in kind else part)


def test_a_part_of_one_that_is_running(serve: Serve, store: Store) -> None:
    engine = Gated(script_of(SAID))
    engine.gate.set()
    server = serve(engine, kept=store)
    server.talk(bytes(32_000 * 6), **QUERY)
    session = store.newest(1)[0].id
    _, part = asking(server)(f"/transcripts/{session}?from=4")
    assert [line["text"] for line in part["lines"]] == ["It is about foxes."]


def test_a_session_may_say_what_it_is_called(server: Running, ask: Ask) -> None:
    server.talk(bytes(32_000 * 6), **QUERY, title="/home/ann/Town meeting\x00.wav")
    titles = {each["title"] for each in ask("/transcripts")[1]["transcripts"]}
    assert titles == {"", "Town meeting.wav"}


def test_names_are_kept_and_written(ask: Ask, store: Store) -> None:
    session = store.newest(1)[0].id
    body = {"title": "Monday", "speakers": {"1": "Anna", "2": "Ben"}}
    assert ask(f"/transcripts/{session}", "PATCH", body)[1]["title"] == "Monday"
    _, row = ask(f"/transcripts/{session}", "PATCH", {"speakers": {"2": ""}})
    assert (row["title"], row["speakers"]) == ("Monday", {"1": "Anna"})
    for bad in (
        {"title": 1}, {"speakers": []}, {"speakers": {"x": "y"}}, {"title": "x" * 999},
        {"title": "a\0b"}, {"title": "\ud83d"}, {"speakers": {"1": "\udc00"}},
        *({"speakers": {n: "Eve"}} for n in ("0", "-7", "65", "99999999999", "1_0", "\u0661")),
    ):  # fmt: skip
        assert ask(f"/transcripts/{session}", "PATCH", bad) == (400, "bad_request")


def test_what_is_deleted_is_gone(ask: Ask, store: Store) -> None:
    session = store.newest(1)[0].id
    assert ask(f"/transcripts/{session}", "DELETE")[0] == 204
    assert ask(f"/transcripts/{session}", "DELETE") == (404, "unknown_session")
    assert ask(f"/transcripts/{session}") == (404, "unknown_session")


@pytest.mark.parametrize(
    "path",
    [
        "?limit=0",
        "?limit=x",
        "?limit=501",
        "?limit=000000500999999",
        "/{id}?format=pdf",
        "/{id}?from=-1",
        "/{id}?to=nan",
    ],
)
def test_what_cannot_be_honoured_is_refused(ask: Ask, store: Store, path: str) -> None:
    path = path.replace("{id}", store.newest(1)[0].id)
    assert ask(f"/transcripts{path}") == (400, "bad_request")


@pytest.mark.parametrize(
    "query", ["a\0b", "\0", '"', "*", "foxes AND", "NEAR(", "(", "text:foxes", "a " * 5000, "あ%\\"]
)
def test_odd_queries_find_nothing_and_do_no_harm(store: Store, query: str) -> None:
    assert store.search(query, 10) == []


def test_names_of_several_lines_are_written_on_one(ask: Ask, store: Store) -> None:
    [_, row] = store.newest(2)
    name = "Anna\n\n00:00:00.000 --> 99:00:00.000\n<b>X"
    store.edit(row.id, told=[SpeakerNamed(1, name)])
    assert store.get(row.id).speakers == {1: name}
    assert ask(f"/transcripts/{row.id}", "PATCH", {"speakers": {"2": "B\n\nC"}})[0] == 200
    assert store.get(row.id).speakers[2] == "B C"


def test_strangers_are_not_told_why_the_store_fails(
    serve: Serve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names files, hosts and users."""
    key = "metrics-0123456789abcdef"
    monkeypatch.setenv("LIVESTT_API_KEYS", f"m:metrics:{key}")
    server = serve(kept=store)
    monkeypatch.setattr(store._writer, "_failing", "cannot reach db.internal as root")
    told = asking(server)
    assert told("/health")[1]["store"]["reason"] is None
    assert told("/health", key=key)[1]["store"]["reason"] == "cannot reach db.internal as root"
    monkeypatch.setattr(store._writer, "_failing", None)


def test_keys_say_who_may_do_what(
    serve: Serve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("transcribe", "other", "view", "admin")
    keys = {name: f"{name}-0123456789abcdef" for name in names}
    scopes = {name: "transcribe" if name == "other" else name for name in names}
    named = ",".join(f"{name}:{scopes[name]}:{key}" for name, key in keys.items())
    monkeypatch.setenv("LIVESTT_API_KEYS", named)
    server = serve(Watched(script_of(SAID)), kept=store)
    server.talk(bytes(32_000 * 6), **QUERY, token=keys["transcribe"])
    ask, path = asking(server), f"/transcripts/{store.newest(1)[0].id}"
    assert store.newest(1)[0].owner == "transcribe"

    def allowed(method: str, path: str, body: Any = None) -> list[str]:
        return [name for name in keys if ask(path, method, body, keys[name])[0] < 400]

    assert ask(path) == (401, "unauthorized")
    assert allowed("GET", "/transcripts") == allowed("GET", path) == ["view", "admin"]
    assert allowed("PATCH", path, {"title": "Mine"}) == ["transcribe", "admin"]
    body = {"scopes": ["transcribe"]}
    token = ask("/tokens", "POST", body, keys["transcribe"])[1]["token"]
    for method in ("PATCH", "DELETE"):
        assert ask(path, method, {}, token) == (403, "missing_scope"), "it was lent to somebody"
    assert ask(path, "DELETE", None, keys["view"]) == (403, "missing_scope")
    assert ask(path, "DELETE", None, keys["other"]) == (403, "missing_scope")
    assert ask(path, "DELETE", None, keys["transcribe"])[0] == 204, "one's own"
    server.talk(bytes(32_000 * 6), **QUERY, token=keys["transcribe"])
    again = f"/transcripts/{store.newest(1)[0].id}"
    assert ask(again, "DELETE", None, keys["admin"])[0] == 204


def test_without_a_store_there_is_nothing(serve: Serve) -> None:
    assert asking(serve())("/transcripts") == (404, "unknown_session")


def test_health_says_how_the_store_is(serve: Serve, store: Store, tmp_path: Path) -> None:
    server = serve(Watched(script_of(SAID)), kept=store)
    server.expects_errors = True

    def state() -> dict[str, Any]:
        with urlopen(f"{server.http}/health") as answer:
            return dict(json.load(answer)["store"])

    assert state() == {"status": "ok", "lost_words": 0}
    (tmp_path / "transcripts.db").rename(tmp_path / "moved.db")
    server.talk(bytes(32_000 * 6), **QUERY)
    failing = state()
    assert failing["status"] == "failing"
    assert failing["waiting_words"] == len(SAID.split())
    assert "transcripts.db" in failing["reason"]
    with urlopen(f"{server.http}/metrics") as answer:
        figures = answer.read().decode()
    assert "livestt_store_failing 1.0" in figures
    assert f"livestt_store_words_waiting {len(SAID.split())}.0" in figures
    (tmp_path / "moved.db").rename(tmp_path / "transcripts.db")
