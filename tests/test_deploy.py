"""What is deployed fits what is here: settings, paths, figures."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from server.access.test_door import ask
from server.conftest import servers
from server.engines import Watched
from server.running import wait_until

from livestt.access.rules import RULES
from livestt.bench.balancer import KINDS, SERVERS, balancer
from livestt.bench.chaos import free_port
from livestt.server.access.keyring import VARIABLE
from livestt.server.access.self_signed import certificate
from livestt.server.access.token_secret import VARIABLE as TOKEN_SECRET
from livestt.settings import table
from livestt.store import Store

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
FILES = [ROOT / "Dockerfile", ROOT / "compose.yml", *sorted(DEPLOY.iterdir())]
ALSO = {VARIABLE, TOKEN_SECRET, "LIVESTT_REMOTE_API_KEY"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_are_those_there_are(path: Path) -> None:
    known = {setting.variable for setting in table()} | ALSO
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\bLIVESTT_[A-Z_]+", text)) - known - {"LIVESTT_"} == set()
    flags = set(re.findall(r"(?<![\w-])--(?:allow|api|forwarded|max|log)[a-z-]+", text))
    assert flags <= {setting.flag for setting in table()}


def test_the_image_has_what_it_needs() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for needed in ("pyproject.toml", "README.md", "LICENSE", "livestt", "web", "chrome-extension"):
        assert f"!{needed}" in ignored
        assert (ROOT / needed).exists()
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    extras = re.search(r"EXTRAS=(\S+)", image)
    assert extras is not None
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in ("cuda", *extras[1].split(",")):
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE)
    assert "urlopen('http://127.0.0.1:8000/health'" in image
    assert RULES["/health"] == "nothing"


def test_the_dashboard_asks_for_figures_that_there_are(tmp_path: Path) -> None:
    with servers() as serve:
        server = serve(Watched(), kept=Store(str(tmp_path / "transcripts.db")))
        server.talk(bytes(32_000), encoding="s16le")
        _, body, _ = ask(server, "GET", "/metrics")
    families = list(text_string_to_metric_families(body.decode()))
    known = {sample.name for family in families for sample in family.samples}
    known |= {family.name + "_total" for family in families if family.type == "counter"}
    dashboard = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:livestt|process|whisperx)_\w+", target["expr"])
    }
    assert len(asked) > 15
    assert asked <= known
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yml"],
        ["promtool", "check", "config", "--syntax-only", "deploy/prometheus.yml"],
        ["caddy", "validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"],
        ["caddy", "validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile-several"],
    ],
    ids=lambda command: command[0],
)
def test_tools_agree_where_they_are_installed(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("nginx", "nginx.conf"),
        ("nginx", "nginx-several.conf"),
        ("caddy", "Caddyfile"),
        ("caddy", "Caddyfile-several"),
        ("haproxy", "haproxy.cfg"),
    ],
)
def test_proxies_log_no_query_when_the_server_is_down(kind: str, file: str, tmp_path: Path) -> None:
    if shutil.which(kind) is None:
        pytest.skip(f"no {kind}")
    shipped, folder = tmp_path / "shipped", tmp_path / "run"
    shipped.mkdir()
    folder.mkdir()
    text = (DEPLOY / file).read_text(encoding="utf-8").replace("127.0.0.1:8000", "192.0.2.11:8000")
    (shipped / KINDS[kind].file).write_text(text, encoding="utf-8")
    servers = [f"127.0.0.1:{free_port()}" for _ in set(re.findall(SERVERS, text))]
    pair = certificate(folder, "localhost")
    headers = {"Authorization": "Bearer secret-one", "X-API-Key": "secret-two"}
    tls = (pair.certificate, pair.key)
    with balancer(kind, shipped, servers, folder, tls) as port:
        context = ssl.create_default_context(cafile=str(pair.certificate))
        client = HTTPSConnection("localhost", port, context=context, timeout=60)
        client.request("GET", "/transcripts?q=secret-three&token=secret-four", headers=headers)
        assert client.getresponse().status in (502, 503)
        client.close()

        def logs() -> bytes:
            return b"".join(path.read_bytes() for path in folder.rglob("*.log"))

        wait_until(lambda: b"/transcripts" in logs())  # HAProxy writes when all is over
    assert re.findall(rb"secret-\w+", logs()) == []


def test_the_start_script_says_so_only_if_it_installs(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("run", "install"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    livestt = programs / "livestt"
    (programs / "pip").write_text(
        f"#!/bin/sh\nprintf '#!/bin/sh\\necho serving $*\\n' > {livestt}; chmod +x {livestt}\n",
        encoding="utf-8",
    )
    (programs / "pip").chmod(0o755)
    said = [
        subprocess.run(
            [tmp_path / "scripts" / "run", "--port", "9"],
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(2)
    ]
    assert [run.stdout for run in said] == ["serving --port 9\n"] * 2
    assert "about a minute" in said[0].stderr
    assert said[1].stderr == ""
