"""Any body on any endpoint that takes files gets a documented answer; none is a bug."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from livestt.engines.scripted import script_of
from livestt.server.app import create_app
from livestt.settings import Settings

from ..engines import Watched
from ..openai.test_rest import multipart

PATHS = {
    "/v1/audio/transcriptions": "file",
    "/v1/audio/translations": "file",
    "/asr": "audio_file",
    "/detect-language": "audio_file",
}
DOCUMENTED = (200, 400, 413, 415)

names = st.one_of(
    st.sampled_from(
        ["file", "audio_file", "model", "response_format", "output", "stream", "language",
         "chunking_strategy", "timestamp_granularities[]", "encode", "min_speakers", "task"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters='\r\n"'), max_size=8),
)  # fmt: skip
values = st.one_of(
    st.sampled_from(["json", "srt", "true", "[1]", '{"a": {}}', "1e999", "auto", "translate"]),
    st.text(max_size=8),
)
forms = st.builds(
    lambda fields, name: multipart(*fields, name=name),
    st.lists(st.tuples(names, values), max_size=4),
    st.sampled_from(["file", "audio_file", "other"]),
)
mangled = st.builds(
    lambda form, at, noise: (form[0][: at % len(form[0])] + noise, form[1]),
    forms,
    st.integers(0, 400),
    st.binary(max_size=40),
)
bodies = st.tuples(
    st.binary(max_size=60),
    st.sampled_from(
        ["multipart/form-data", "multipart/form-data; boundary=b", "application/json", "",
         "multipart/form-data; boundary=", "application/x-www-form-urlencoded", "audio/wav"]
    ).map(lambda kind: {"content-type": kind}),
)  # fmt: skip


class Client:
    """Speaks ASGI to an application, in one event loop."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._started, self._over = asyncio.Event(), asyncio.Event()
        self._life = self._loop.create_task(self._live())
        self._loop.run_until_complete(self._started.wait())

    def close(self) -> None:
        self._over.set()
        self._loop.run_until_complete(self._life)
        self._loop.close()

    async def _live(self) -> None:
        async with self._app.router.lifespan_context(self._app):
            self._started.set()
            await self._over.wait()

    def post(
        self, path: str, query: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        return self._loop.run_until_complete(self._post(path, query, body, headers))

    async def _post(
        self, path: str, query: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1"), *((k.encode(), v.encode()) for k, v in headers.items()),
            ],
            "state": {},
        }  # fmt: skip
        await asyncio.wait_for(self._app(scope, receive, send), 60)  # type: ignore[arg-type]
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client(create_app(Watched(script_of("one two three")), Settings(vad=False)))
    yield client
    client.close()


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(["output", "language", "encode", "x"]), values, max_size=2
    ),
    form=st.one_of(forms, mangled, bodies),
)
def test_any_form_gets_a_documented_answer(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    path: str,
    query: dict[str, str],
    form: tuple[bytes, dict[str, str]],
) -> None:
    status, body = client.post(path, urlencode(query), *form)
    assert status in DOCUMENTED, body
    assert body
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_good_form_is_among_them(client: Client) -> None:
    for path, name in PATHS.items():
        status, body = client.post(path, "", *multipart(name=name))
        assert status == 200, body
