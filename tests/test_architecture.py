"""The three colours of code stay apart: what is pure imports nothing that acts or waits."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "livestt"

PURE = (
    "errors.py",
    "people.py",
    "events.py",
    "extras.py",
    "chunking.py",
    "file_session.py",
    "languages.py",
    "recording.py",
    "ring.py",
    "session.py",
    "settling.py",
    "report.py",
    "tuning.py",
    "subtitles.py",
    "timebase.py",
    "segments.py",
    "transcript.py",
    "unheard.py",
    "utterances.py",
    "watchdog.py",
    "window.py",
    "writing.py",
    "access/*.py",
    "audio/format.py",
    "audio/channels.py",
    "audio/framing.py",
    "client/state.py",
    "engines/__init__.py",
    "engines/batching.py",
    "engines/delays.py",
    "engines/modelless.py",
    "engines/placement.py",
    "engines/scripted.py",
    "server/live/ladder.py",
    "server/operations/tally.py",
    "translation/__init__.py",
    "translation/codes.py",
    "translation/reading.py",
    "translation/sentences.py",
    "translation/translating.py",
    "speakers/__init__.py",
    "speakers/alignment.py",
    "speakers/attributions.py",
    "speakers/channels.py",
    "speakers/clean_speech.py",
    "speakers/counting.py",
    "speakers/diarization.py",
    "speakers/embeddings.py",
    "speakers/features.py",
    "speakers/gate.py",
    "speakers/heard_voice.py",
    "speakers/identification.py",
    "speakers/listening.py",
    "speakers/profiles.py",
    "speakers/sortformer_state.py",
    "speakers/steps.py",
    "speakers/scripted.py",
    "speakers/turns.py",
    "policies/*.py",
    "protocols/**/*.py",
    "store/backlog.py",
    "store/entries.py",
    "store/outcomes.py",
    "store/recorder.py",
    "store/handing_over.py",
    "store/renumbering.py",
    "store/speaker_columns.py",
    "store/notes.py",
    "store/resuming.py",
    "vad/__init__.py",
    "vad/endpointing.py",
)
"""What takes no time and touches nothing: no waiting, clock, thread, socket, log or model."""

MODEL_FREE = (
    "engines/whisper/alignment.py",
    "engines/whisper/guards.py",
    "engines/whisper/prompts.py",
    "engines/whisper/scripts.py",
    "engines/whisper/windows.py",
)
"""Pure too: shared by every Whisper, so no Whisper's library."""

PURE_IMPORTS = {"numpy", "livestt"}
ACTING = {
    *("asyncio", "logging", "multiprocessing", "os", "random", "selectors", "signal", "socket"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib", "secrets", "concurrent"),
}
HEAVY = {
    *("anyio", "av", "ctranslate2", "faster_whisper", "httpx", "huggingface_hub", "numpy"),
    *("onnxruntime", "pocketsphinx", "soxr", "starlette", "tokenizers", "torch", "transformers"),
    *("uvicorn", "websockets"),
}
MAX_LINES = 450


def files(*patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(PACKAGE.glob(pattern))]
    assert len(found) >= len(patterns), "a pattern matches nothing"
    return found


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(module: ast.Module) -> set[str]:
    """Dotted names of everything imported, however deep in the file."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            found.add(node.module or "")
    return found


def module_of(path: Path) -> str:
    parts = ("livestt", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


PURE_FILES = files(*PURE, *MODEL_FREE)
PURE_MODULES = {module_of(path) for path in PURE_FILES}
EVERY_FILE = files("**/*.py")


@pytest.mark.parametrize("path", PURE_FILES, ids=name)
class TestPure:
    def test_imports_only_what_is_pure(self, path: Path) -> None:
        for imported in imports(tree(path)):
            top = imported.split(".")[0]
            if top == "livestt":
                assert imported in PURE_MODULES
            elif imported == "urllib.parse":
                continue
            else:
                assert top in PURE_IMPORTS or (top in sys.stdlib_module_names - ACTING)

    def test_waits_for_nothing(self, path: Path) -> None:
        waiting = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)
        assert not [node for node in ast.walk(tree(path)) if isinstance(node, waiting)]

    def test_opens_and_prints_nothing(self, path: Path) -> None:
        called = {
            node.func.id
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.mark.parametrize("module", ["livestt", "livestt.cli", "livestt.settings", "livestt.errors"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
        cwd=PACKAGE.parent,
    )  # fmt: skip
    assert not HEAVY & set(run.stdout.split())


def test_the_session_loads_no_model_and_no_loop() -> None:
    code = "import sys, livestt.session; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
        cwd=PACKAGE.parent,
    )  # fmt: skip
    assert not (HEAVY - {"numpy"}) & set(run.stdout.split())


@pytest.mark.parametrize("path", EVERY_FILE, ids=name)
class TestEveryFile:
    def test_says_what_it_is_for(self, path: Path) -> None:
        empty = not path.read_text("utf-8").strip()
        assert empty or ast.get_docstring(tree(path)) or len(tree(path).body) <= 3

    def test_is_short_enough_to_read(self, path: Path) -> None:
        assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES

    def test_annotates_every_function(self, path: Path) -> None:
        bare = [
            f"{node.name}({argument.arg})"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for argument in [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]
            if argument.annotation is None and argument.arg not in ("self", "cls")
        ]
        bare += [
            node.name
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is None
        ]
        assert not bare

    def test_catches_everything_only_where_it_says_why(self, path: Path) -> None:
        """The top of a session and of a worker may; ruff's BLE001 finds who does not raise."""
        caught = [
            node
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ExceptHandler)
            and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id == "BaseException")
            )
        ]
        assert not [node.lineno for node in caught if not raises(node)]


def raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))
