"""A token that shows one session: who may make one, and that it opens nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from livestt.access.keys import digest_of
from livestt.client.state import CaptionState
from livestt.engines.scripted import script_of
from livestt.server.access import door
from livestt.server.storing.transcripts import TYPES
from livestt.store import Store

from ..conftest import Serve, servers
from ..engines import Watched
from ..running import Running
from ..test_every_surface import requests
from .test_door import KEYS, ask, bearer, key_file, listening, refused

__all__ = ["listening"]

SAID = "Good morning everybody and welcome to the show. It is about foxes."
RAW = {"encoding": "s16le", "mode": "diff"}
OTHER = "another-key-0123456789"
"""Of somebody else who may talk, and look at everything."""


def keys(folder: Path) -> str:
    path = key_file(folder)
    both = f"other:transcribe+view:sha256={digest_of(OTHER)}\n"
    path.write_text(path.read_text() + both)
    return str(path)


@dataclass(frozen=True)
class Meeting:
    """A server at which one session is over and one goes on, both of the key ``talker``."""

    server: Running
    over: str
    live: str
    talker: ClientConnection

    def share(self, session: str, **asked: Any) -> str:
        body = {"session": session, **asked}
        status, made, _ = ask(self.server, "POST", "/tokens", body, **bearer("talker"))
        assert (status, made["scopes"], made["session"]) == (201, ["view"], session)
        return str(made["token"])

    def watch(self, token: str, session: str, **query: str) -> ClientConnection:
        """As a browser does it."""
        url = self.server.url(session=session, role="viewer", **query)
        return connect(url, subprotocols=["token", token])  # type: ignore[list-item]

    def status(self, token: str, method: str, path: str) -> int:
        """Of an answer, of whatever kind."""
        if method == "ws":
            url = self.server.http.replace("http", "ws") + path
            try:
                with connect(url, additional_headers={"Authorization": f"Bearer {token}"}):
                    return 101
            except InvalidStatus as refusal:
                return refusal.response.status_code
        return ask(self.server, method, path, authorization=f"Bearer {token}")[0]


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    folder = tmp_path_factory.mktemp("shared")
    with servers() as serve:
        server = serve(
            Watched(script_of(SAID)),
            kept=Store(str(folder / "transcripts.db")),
            api_keys_file=keys(folder),
            record_dir=str(folder / "recordings"),
            share_hours=48,
        )
        over = server.talk(bytes(32_000 * 6), token=KEYS["talker"], **RAW).messages[0]["session"]
        with connect(server.url(token=KEYS["talker"], **RAW)) as talker:
            live = json.loads(talker.recv())["session"]
            talker.send(bytes(32_000 * 6))
            yield Meeting(server, over, live, talker)


class TestOneSession:
    def test_opens_what_is_documented_and_nothing_else(self, meeting: Meeting) -> None:
        """Every route, with the id of this session and of another one."""
        for mine, others in ((meeting.over, meeting.live), (meeting.live, meeting.over)):
            token, answered = meeting.share(mine), set()
            for name in (mine, others):
                query = f"?role=viewer&session={name}"
                asked = requests(meeting.server.app.routes, name)
                asked += [(method, path + query) for method, path in asked]
                asked += [("PUT", f"/transcripts/{name}"), ("POST", f"/sessions/{name}")]
                for method, path in asked:
                    status = meeting.status(token, method, path)
                    assert status != 401, (method, path)
                    if status != 403:
                        answered.add((method, path.replace(mine, "ID")))
            page = {"/", "/overlay", "/web/x", "/health", "/ready"}
            expected = {"/access", "/transcripts/ID", "/asr?role=viewer&session=ID"}
            found = {(method, path) for method, path in answered if path.split("?")[0] not in page}
            bare = {(method, path) for method, path in found if path in expected}
            read = {(method, path) for method in ("GET", "HEAD") for path in expected}
            assert bare == {*read, ("ws", "/asr?role=viewer&session=ID")}
            # Parameters that those do not know change nothing.
            rest = {path.split("?")[0] for _, path in found - bare}
            assert rest == {"/access", "/transcripts/ID"}

    @pytest.mark.parametrize(
        "path",
        [
            "/asr?session={mine}",
            "/asr?session={mine}&role=publisher",
            "/asr?role=viewer",
            "/asr?role=viewer&session=latest",
            "/asr?role=viewer&session={mine}&session={other}",
            "/asr?role=viewer&session={mine}&role=publisher",
            "/asr?role=viewer&session={mine}%20",
            "/asr/?role=viewer&session={mine}",
            "/transcripts/{mine}/",
            "/transcripts/{mine}/audio",
            "/transcripts/{mine}%2Faudio",
            "/transcripts/{mine}/../{other}",
            "/transcripts/{mine}%2F..%2F{other}",
            "/transcripts//{mine}",
            "/transcripts",
            "/transcripts?q=foxes",
            "/transcripts/{other}?session={mine}&role=viewer",
            "/sessions",
            "/sessions/{mine}",
            "/v1/audio/transcripts/{mine}",
        ],
    )
    def test_no_detour_leads_elsewhere(self, meeting: Meeting, path: str) -> None:
        token = meeting.share(meeting.over)
        path = path.format(mine=meeting.over, other=meeting.live)
        for method in ("GET", "ws"):
            assert meeting.status(token, method, path) == 403, method

    def test_changes_nothing(self, meeting: Meeting) -> None:
        token, path = meeting.share(meeting.over), f"/transcripts/{meeting.over}"
        key = {"authorization": f"Bearer {token}"}
        for method, body in (("PATCH", {"title": "Mine"}), ("DELETE", None), ("POST", {})):
            status, answer, _ = ask(meeting.server, method, path, body, **key)
            assert (status, answer["code"]) == (403, "missing_scope")
        status, answer, _ = ask(meeting.server, "POST", "/tokens", {"session": "x"}, **key)
        assert (status, answer["code"]) == (403, "missing_scope")
        assert ask(meeting.server, "GET", path, **key)[1]["title"] == ""

    def test_reads_the_transcript_in_every_format(self, meeting: Meeting) -> None:
        key = {"authorization": f"Bearer {meeting.share(meeting.over)}"}
        for kind in TYPES:
            path = f"/transcripts/{meeting.over}?format={kind}"
            status, body, _ = ask(meeting.server, "GET", path, **key)
            assert status == 200
            assert "foxes" in (json.dumps(body) if isinstance(body, dict) else body.decode())

    def test_says_which_session_it_shows(self, meeting: Meeting) -> None:
        token = meeting.share(meeting.over, seconds=60)
        _, body, _ = ask(meeting.server, "GET", "/access", authorization=f"Bearer {token}")
        assert (body["session"], body["scopes"], body["temporary"]) == (
            meeting.over,
            ["view"],
            True,
        )
        assert isinstance(body["expires_at"], int)


def read_until(socket: ClientConnection, wanted: str) -> CaptionState:
    """What a viewer has seen once these words are in it."""
    state = CaptionState()
    while wanted not in state.text:
        state.apply(json.loads(socket.recv(60)))
    return state


class TestReadingAlong:
    def test_live_from_the_beginning_and_again_after_a_loss(self, meeting: Meeting) -> None:
        token = meeting.share(meeting.live)
        for _ in range(2):
            with meeting.watch(token, meeting.live, mode="diff") as viewer:
                assert viewer.subprotocol == "token"
                read_until(viewer, "welcome")

    def test_until_the_token_is_over(
        self, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = meeting.share(meeting.live, seconds=600)
        start = door._now()
        monkeypatch.setattr(door, "_now", lambda: start + 599.0)
        with meeting.watch(token, meeting.live) as viewer:
            read_until(viewer, "welcome")
            with suppress(ConnectionClosed):
                while True:
                    viewer.recv(60)
            assert (viewer.close_code, viewer.close_reason) == (4401, "the token has expired")
        monkeypatch.setattr(door, "_now", lambda: start + 601.0)
        url = meeting.server.url(session=meeting.live, role="viewer", token=token)
        status, body = refused(url)
        assert (status, body["code"]) == (401, "unauthorized")
        assert "expired" in body["message"]
        path = f"/transcripts/{meeting.live}"
        assert ask(meeting.server, "GET", path, authorization=f"Bearer {token}")[0] == 401

    def test_the_overlay_can_show_it(self, meeting: Meeting) -> None:
        """It has its key in its address."""
        url = meeting.server.url(
            session=meeting.live, role="viewer", token=meeting.share(meeting.live)
        )
        with connect(url) as viewer:
            read_until(viewer, "welcome")


class TestMaking:
    @pytest.mark.parametrize(
        ("name", "status"), [("talker", 201), ("root", 201), ("reader", 403), ("scraper", 403)]
    )
    def test_takes_the_session_s_own_key_or_admin(
        self, meeting: Meeting, name: str, status: int
    ) -> None:
        for session in (meeting.live, meeting.over):
            found, body, _ = ask(
                meeting.server, "POST", "/tokens", {"session": session}, **bearer(name)
            )
            assert found == status
            assert status == 201 or body["code"] == "missing_scope"

    def test_is_not_for_other_keys_whatever_they_may_read(self, meeting: Meeting) -> None:
        key = {"authorization": f"Bearer {OTHER}"}
        for session in (meeting.live, meeting.over):
            status, body, _ = ask(meeting.server, "POST", "/tokens", {"session": session}, **key)
            assert (status, body["code"]) == (403, "missing_scope")
            assert "only the key that made" in body["message"]

    def test_needs_a_session(self, meeting: Meeting) -> None:
        for session in ("latest", "x", "", "../x"):
            asked = {"session": session}
            status, body, _ = ask(meeting.server, "POST", "/tokens", asked, **bearer("root"))
            assert (status, body["code"]) == (404, "unknown_session")

    @pytest.mark.parametrize(
        "asked",
        [{"session": None}, {"session": 1}, {"session": ["x"]}, {"session": False},
         {"scopes": ["view", "transcribe"]}, {"scopes": ["admin"]}, {"scopes": []}, {"seconds": 0},
         {"seconds": 48 * 3600 + 1}, {"seconds": True}, {"seconds": "9"}],
    )  # fmt: skip
    def test_refuses_what_cannot_be(self, meeting: Meeting, asked: dict[str, Any]) -> None:
        body = {"session": meeting.over, **asked}
        status, answer, _ = ask(meeting.server, "POST", "/tokens", body, **bearer("root"))
        assert (status, answer["code"]) == (400, "bad_request")

    @pytest.mark.parametrize(("asked", "hours"), [({}, 8), ({"seconds": 48 * 3600}, 48)])
    def test_chooses_how_long_it_lasts(
        self, meeting: Meeting, monkeypatch: pytest.MonkeyPatch, asked: Any, hours: int
    ) -> None:
        monkeypatch.setattr(door, "_now", lambda: 1_000_000.0)
        body = {"session": meeting.over, **asked}
        _, made, _ = ask(meeting.server, "POST", "/tokens", body, **bearer("talker"))
        assert made["expires_at"] == 1_000_000 + hours * 3600


def test_the_operator_bounds_how_long(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is kept here, so a session can be shared only while it runs."""
    monkeypatch.setattr(door, "_now", lambda: 1_000_000.0)
    server = serve(api_keys_file=keys(tmp_path), share_hours=1)

    def share(**asked: Any) -> tuple[int, Any]:
        return ask(server, "POST", "/tokens", asked, **bearer("talker"))[:2]

    with connect(server.url(token=KEYS["talker"], **RAW)) as socket:
        session = json.loads(socket.recv())["session"]
        assert share(session=session)[1]["expires_at"] == 1_003_600
        assert share(session=session, seconds=3601)[0] == 400
        socket.send(b"")
        for _ in socket:
            pass
    server.check_idle()
    status, body = share(session=session)
    assert (status, body["code"]) == (404, "unknown_session")


def test_a_link_is_over_with_its_key(serve: Serve, tmp_path: Path) -> None:
    path = keys(tmp_path)
    server = serve(api_keys_file=path)
    with connect(server.url(token=KEYS["talker"], **RAW)) as socket:
        session = json.loads(socket.recv())["session"]
        body = {"session": session}
        _, made, _ = ask(server, "POST", "/tokens", body, **bearer("talker"))
        Path(path).write_text(f"root:admin:sha256={digest_of(KEYS['root'])}\n")
        url = server.url(session=session, role="viewer", token=made["token"])
        refusals: list[int] = []
        while 401 not in refusals:  # the file is looked at once a second
            try:
                with connect(url):
                    refusals.append(101)
            except InvalidStatus as refusal:
                refusals.append(refusal.response.status_code)


def test_no_link_gets_into_the_log(
    serve: Serve, tmp_path: Path, listening: pytest.LogCaptureFixture
) -> None:
    server = serve(api_keys_file=keys(tmp_path), log_level="debug")
    with connect(server.url(token=KEYS["talker"], **RAW)) as socket:
        session = json.loads(socket.recv())["session"]
        body = {"session": session}
        token = str(ask(server, "POST", "/tokens", body, **bearer("talker"))[1]["token"])
        url = server.url(session=session, role="viewer")
        with connect(url, subprotocols=["token", token]) as viewer:  # type: ignore[list-item]
            viewer.recv(60)
        with connect(f"{url}&token={token}") as viewer:
            viewer.recv(60)
        ask(server, "GET", "/access", authorization=f"Bearer {token}")
    assert f"talker shares session {session}" in listening.text
    assert token not in listening.text
    assert token.split(".")[1] not in listening.text


def test_on_a_server_without_keys_a_token_is_no_more_than_none(serve: Serve) -> None:
    server = serve()
    with connect(server.url(**RAW)) as socket:
        session = json.loads(socket.recv())["session"]
        status, made, _ = ask(server, "POST", "/tokens", {"session": session})
        assert (status, made["session"]) == (201, session)
        token = {"authorization": f"Bearer {made['token']}"}
        assert ask(server, "GET", "/sessions", **token)[0] == 200
