"""Logs for machines: each line is one object."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

from livestt.logs import formatter


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("livestt.x", logging.WARNING, "f", 1, message, args, None)


def test_a_record_is_an_object() -> None:
    line = formatter("json", lambda: {"session": "abc", "key": ""}).format(record("%d\n“ü”", 3))
    found = json.loads(line)
    assert "\n" not in line
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "livestt.x",
        "message": "3\n“ü”",
        "session": "abc",
    }


def test_an_error_comes_with_its_traceback() -> None:
    failed = record("failed")
    try:
        raise ZeroDivisionError("x")
    except ZeroDivisionError:
        failed.exc_info = sys.exc_info()
    assert "ZeroDivisionError: x" in json.loads(formatter("json").format(failed))["error"]


def test_people_get_a_sentence() -> None:
    assert formatter("text").format(record("hello")).endswith("WARNING livestt.x: hello")


def test_what_a_client_made_up_stays_on_its_line() -> None:
    line = formatter("text").format(record("GET %s", "/x\n2026 INFO livestt: forged\x1b[2J\u2028é"))
    assert line.endswith("GET /x\\n2026 INFO livestt: forged\\x1b[2J\\u2028é")


def test_a_traceback_keeps_its_lines() -> None:
    failed = record("failed")
    try:
        raise ZeroDivisionError("x")
    except ZeroDivisionError:
        failed.exc_info = sys.exc_info()
    assert formatter("text").format(failed).splitlines()[-1] == "ZeroDivisionError: x"


def test_every_line_of_a_server_is_an_object_if_machines_read_them() -> None:
    options = ["--port", "0", "--backend", "scripted", "--no-vad", "--no-store"]
    command = [sys.executable, "-m", "livestt", "serve", *options, "--log-format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        lines = []
        for line in server.stderr:
            lines.append(json.loads(line))
            if "Uvicorn running" in line:
                server.terminate()
    assert any(line["message"].startswith("Loading ") for line in lines)
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
