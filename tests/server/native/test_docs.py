"""The docs name everything that goes over the wire, and what docs/protocol.md shows works."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import livestt
from livestt.engines import StreamOptions
from livestt.engines.scripted import script_of
from livestt.errors import BadRequest, ClientError, EngineError, LivesttError, ServerRestart
from livestt.protocols.native import error_message, parse_control, parse_query
from livestt.protocols.options import configured
from livestt.server.operations.tally import WARNINGS

from ..conftest import Serve
from ..engines import Faulty, Watched

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "protocol.md").read_text(encoding="utf-8")
ALL_PAGES = "".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")))
"""Not every surface has every error."""
CODE = Path(livestt.__file__).parent
RAW = {"encoding": "s16le"}
AUDIO = bytes(32_000 * 9)


class Asked(Mapping[str, Any]):
    """A mapping that notes what it is asked for."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values_ = values or {}
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return self.values_[name]

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return name in self.values_

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def missing(names: set[str], pages: str = PAGE) -> list[str]:
    """Names that the pages have nowhere as code."""
    return sorted(name for name in names if not re.search(rf"`{name}`", pages))


def fields(messages: list[dict[str, Any]]) -> set[str]:
    """Every key of these messages and of the objects in them."""
    found: set[str] = set()
    for message in messages:
        found |= message.keys()
        for value in message.values():
            if isinstance(value, list):
                found |= fields([item for item in value if isinstance(item, dict)])
    return found


def control_types() -> list[str]:
    with pytest.raises(BadRequest) as unknown:
        parse_control('{"type": "sing"}')
    return str(unknown.value).split("known: ")[1].split(", ")


def reported() -> list[type[LivesttError]]:
    return [*ClientError.__subclasses__(), ServerRestart, EngineError]


def test_every_query_parameter() -> None:
    asked = Asked({"prompt": "", "hotwords": ""})
    parse_query(asked, Watched().capabilities, StreamOptions(), pcm_input=False)
    assert len(asked.names) >= 8
    assert not missing(asked.names)


def test_every_control_message_and_its_fields() -> None:
    assert len(control_types()) >= 8
    assert not missing(set(control_types()))
    asked = Asked()
    configured(StreamOptions(), asked, Watched().capabilities)
    assert len(asked.names) >= 3
    assert not missing(asked.names | {"target_language"})


@pytest.mark.parametrize("kind", reported(), ids=lambda kind: kind.code)
def test_every_error_with_its_codes(kind: type[LivesttError]) -> None:
    rows = [row for row in ALL_PAGES.splitlines() if f"| `{kind.code}` |" in row]
    assert rows
    assert any(str(kind.http_status) in row or str(kind.close_code) in row for row in rows)


def test_every_warning() -> None:
    paths = (path for path in CODE.rglob("*.py") if path.parent.name != "cli")  # a terminal's own
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    codes = set(re.findall(r"Warned\(\s*\"(\w+)\"", sources)) | {ServerRestart.code}
    assert len(codes) >= 2
    assert not missing(codes | set(WARNINGS), ALL_PAGES)


def test_every_message_and_field(serve: Serve) -> None:
    from livestt.server.timing import Timing

    text = " ".join(f"word{i}." for i in range(20))
    server = serve(Faulty(script_of(text), kind="bug", times=3), Timing(heartbeat=0.01))
    messages = []
    for mode in ("full", "diff"):
        frames = [AUDIO, '{"type": "flush", "id": "1"}', "nonsense", *[AUDIO] * 3]
        messages += server.talk(*frames, mode=mode, words="true", **RAW).messages
    kinds = {message["type"] for message in messages if "type" in message}
    assert kinds >= {"config", "snapshot", "diff", "flushed", "warning", "error", "heartbeat"}
    assert not missing(kinds)
    assert not missing(fields(messages))
    assert not missing(set(error_message(ServerRestart("soon"))))


def test_every_close_code_that_the_code_knows() -> None:
    sources = "".join(p.read_text(encoding="utf-8") for p in (CODE / "server").glob("*.py"))
    codes = set(re.findall(r"\b1[01]\d\d\b", sources))
    assert codes
    assert not [code for code in codes if f"| {code} |" not in ALL_PAGES]


def test_health_is_as_shown(serve: Serve) -> None:
    server = serve()
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/health")
    health = json.loads(connection.getresponse().read())
    connection.close()
    assert health.keys() == shown.keys()


def test_the_python_examples_run(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = serve(Watched(script_of("One two three four.")))
    (tmp_path / "talk.pcm").write_bytes(bytes(32_000 * 2))
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(example.replace("ws://127.0.0.1:8000", server.http), {"__name__": "example"})
        assert "One two three four." in capsys.readouterr().out
