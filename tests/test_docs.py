"""Generated pages are what the program would write today; what other pages say can be typed."""

from __future__ import annotations

import re
import shlex
import wave
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from server.engines import Watched
from server.running import Running

from livestt.cli import COMMANDS, main
from livestt.cli.docs import PAGES, write
from livestt.engines.scripted import script_of
from livestt.server.timing import Timing
from livestt.settings import Settings, table

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def typed() -> Iterator[tuple[str, str]]:
    """The pages that people wrote, and the command lines in them."""
    for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))):
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                yield page.name, line.strip()


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name: str) -> None:
    fresh = (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()
    assert fresh, f"docs/{name} is stale: run python -m livestt.cli.docs"


def test_every_setting_is_described() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for setting in table():
        assert f"### `{setting.flag}`" in page
        assert f"`{setting.variable}`" in page
        for alias in (*setting.option.aliases, *setting.option.switches):
            assert f"`{alias}`" in page


def test_every_command_is_described() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"## livestt {command}\n" in page


def test_pages_are_written_where_asked(tmp_path: Path) -> None:
    result = CliRunner().invoke(write, ["--to", str(tmp_path / "pages")])
    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "pages").iterdir()} == set(PAGES)


def parse(words: list[str]) -> None:
    """Have a command line read; nothing is run."""
    command: click.Command = main
    context = click.Context(main)
    if not words or words[0].startswith("-"):
        words = ["serve", *words]
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"there is no {name}")
        command, context = found, click.Context(found, parent=context, info_name=name)
    command.make_context(context.info_name, words, parent=context.parent)


def test_commands_can_be_typed_as_they_stand() -> None:
    faults, count = [], 0
    for page, line in typed():
        if not re.match(r"(\.venv/bin/livestt|livestt|\./scripts/run)( |$)", line):
            continue
        words = shlex.split(line, comments=True)[1:]
        until = next((i for i, word in enumerate(words) if word in ("&", "&&", "|", ">")), None)
        count += 1
        try:
            parse(words[:until])
        except click.ClickException as error:
            if "does not exist" not in error.message:  # the reader's own file
                faults.append(f"{page}: {line}: {error.message}")
    assert not faults
    assert count > 40


def test_the_python_in_the_readme_prints_each_line_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 9))
    monkeypatch.chdir(tmp_path)
    said = "This is one sentence. And here is another one. This was the last."
    engine = Watched(script_of(said))
    with Running(engine, Settings(port=0, vad=False, store="none"), Timing()) as server:
        exec(program.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"), {})
    printed = capsys.readouterr().out.splitlines()
    assert " ".join(printed) == said
    assert len(printed) > 1


def test_files_that_are_named_are_there() -> None:
    here = r"(?<![\w./])(?:\./)?((?:scripts|tests|examples|deploy|docs|livestt)/[\w/-]+\.?\w*)"
    named = {name for _, line in typed() for name in re.findall(here, line)}
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


def headings(page: Path) -> set[str]:
    """The anchors that a page has, as GitHub makes them of its headings."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*?) *$", text, flags=re.MULTILINE)
    }


def test_links_lead_somewhere() -> None:
    pages = (ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "AGENTS.md", *DOCS.glob("*.md"))
    faults, count = [], 0
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            count += 1
            if not target.exists() or (anchor and anchor not in headings(target)):
                faults.append(f"{page.name}: {link}")
    assert not faults
    assert count > 100
