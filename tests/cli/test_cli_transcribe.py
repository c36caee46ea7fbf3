"""``livestt transcribe``: the right text in the right place."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import Result

from livestt import files as file_path
from livestt.cli import transcribe
from livestt.cli.written import names
from livestt.engines import registry
from livestt.errors import BadAudio, UnsupportedOption
from livestt.events import Warned, Word
from livestt.people import People
from livestt.segments import Segment
from livestt.settings import Settings

Run = Callable[..., Result]

FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass
class Engine:
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Said:
    text: str
    language: str | None = "en"
    duration: int = 16_000
    segments: list[Segment] = field(default_factory=list)
    people: People = field(default_factory=People)

    def __post_init__(self) -> None:
        words = (Word(" " + self.text, 0, 16_000),)
        self.segments.append(Segment(0, 0, 16_000, self.text, words=words))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Files say their own name, except those called broken."""
    made = Engine()

    def transcribe_file(
        path: Path,
        engine: object,
        settings: Settings,
        on_progress: Callable[[float], None],
        *speakers: object,
    ) -> Said:
        on_progress(0.5)
        if path.stem == "broken":
            raise BadAudio("this is no audio")
        if path.stem == "noisy":
            *_, warn = speakers
            assert callable(warn)
            for _ in range(2):
                warn(Warned("unclear", "nothing certain was heard from 1.0 s to 2.0 s"))
        return Said(f"{path.name} in {settings.language}")

    monkeypatch.setattr(registry, "load_engine", lambda settings, progress: made)
    monkeypatch.setattr(file_path, "transcribe_file", transcribe_file)
    return made


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    made = [tmp_path / name for name in ("a.wav", "b.mp3", "b.wav", "broken.wav")]
    for path in made:
        path.write_bytes(b"")
    return [str(path) for path in made]


def test_who_has_the_file_is_told_what_to_do_with_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "page.wav"
    path.write_text("<html>")
    result = run("transcribe", "--backend", "scripted", str(path))
    assert result.exit_code == 2
    assert "looks like an HTML" in result.stderr
    assert "ffmpeg -f s16le" in result.stderr
    assert "declare" not in result.stderr


def test_text_goes_to_stdout_and_nothing_else_does(
    run: Run, engine: Engine, files: list[str]
) -> None:
    result = run("transcribe", *files[:2], "--lan", "fr")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "a.wav in fr\nb.mp3 in fr\n", "")
    assert engine.closed


def test_a_bad_file_does_not_stop_the_others(run: Run, engine: Engine, files: list[str]) -> None:
    result = run("transcribe", files[3], files[0])
    assert result.exit_code == 2
    assert result.stdout == "a.wav in auto\n"
    assert result.stderr == f"Error: {files[3]}: this is no audio\n"


def test_nothing_more_is_done_once_nobody_reads(
    run: Run, engine: Engine, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def write(text: str, target: Path | None) -> None:
        written.append(text)
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(transcribe, "_write", write)
    result = run("transcribe", *files[:3])
    assert (result.exit_code, len(written), result.stderr) == (1, 1, "")
    assert engine.closed


def test_one_file_to_a_file_whose_name_says_the_format(
    run: Run, engine: Engine, files: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "new" / "a.vtt"
    assert run("transcribe", files[0], "-o", str(target)).stdout == ""
    assert target.read_text().startswith("WEBVTT\n")
    run("transcribe", files[0], "-o", str(target), "--format", "json")
    assert json.loads(target.read_text())["text"] == "a.wav in auto"


def test_several_files_to_a_folder(
    run: Run, engine: Engine, files: list[str], tmp_path: Path
) -> None:
    result = run("transcribe", *files[:3], "-f", "verbose_json", "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["a.json", "b.mp3.json", "b.wav.json"]
    run("transcribe", files[0], "-o", str(tmp_path / "out"))
    assert (tmp_path / "out" / "a.text").exists() is False
    assert (tmp_path / "out" / "a.txt").read_text() == "a.wav in auto\n"


def test_no_transcript_replaces_another_or_a_recording(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recordings = [Path("a.wav"), Path("one/a.wav"), Path("two/a.wav"), Path("a.wav.mp3")]
    for path in recordings:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    result = run("transcribe", *map(str, recordings), "./two/a.wav", "-o", "out")
    assert result.exit_code == 0, result.output
    written = sorted(path.name for path in Path("out").iterdir())
    assert written == ["a.wav.mp3.txt", "a.wav.txt", "one-a.wav.txt", "two-a.wav.txt"]
    result = run("transcribe", "a.wav", "-f", "txt", "-o", "two/../a.wav")
    assert result.exit_code == 2
    assert "this is the recording itself" in result.stderr


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_loaded(
    run: Run, files: list[str], tmp_path: Path
) -> None:
    (tmp_path / "taken").touch()
    result = run("transcribe", files[0], "-o", str(tmp_path / "taken" / "a.srt"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: -o {tmp_path / 'taken' / 'a.srt'}: ")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a/x.wav"], ["x.srt"]),
        (["a/x.wav", "x.mp3"], ["x.wav.srt", "x.mp3.srt"]),
        (["a/b/x.wav", "c/x.wav"], ["a-b-x.wav.srt", "c-x.wav.srt"]),
        (["x.wav", "x.mp3", "x.wav.ogg"], ["x.wav.srt", "x.mp3.srt", "x.wav.ogg.srt"]),
        (["x.wav", "./x.wav"], ["x.srt", "x.srt"]),
    ],
)
def test_names_tell_files_apart(files: list[str], expected: list[str]) -> None:
    assert names([Path(file) for file in files], "srt") == expected


def test_names_that_no_folder_tells_apart_are_refused() -> None:
    with pytest.raises(UnsupportedOption, match="called a-b-c"):
        names([Path("a-b/c"), Path("a/b-c"), Path("a/b/c")], "srt")


def test_an_ending_that_is_no_format_is_refused_before_anything_is_loaded(
    run: Run, files: list[str], tmp_path: Path
) -> None:
    result = run("transcribe", files[0], "-o", str(tmp_path / "a.docx"))
    assert result.exit_code == 2
    assert "there is no format docx. Let the name end in one of .txt, .md, .srt" in result.stderr


@pytest.mark.parametrize(
    ("name", "options", "written"),
    [
        ("a.md", [], "# a.wav\n\na.wav in auto\n"),
        ("a.docx", ["-f", "txt"], "a.wav in auto\n"),
        ("a", [], "a.wav in auto\n"),
    ],
)
def test_what_a_name_asks_for(
    run: Run,
    engine: Engine,
    files: list[str],
    tmp_path: Path,
    name: str,
    options: list[str],
    written: str,
) -> None:
    result = run("transcribe", files[0], *options, "-o", str(tmp_path / name))
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_text() == written


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["-f", "srt"], "Several files in format srt need -o FOLDER."),
        (["-o", "taken.txt"], "Several files need a folder after -o, and taken.txt names a file."),
        (["-o", "all.srt"], "Several files need a folder after -o, and all.srt names a file."),
        (["-f", "docx"], "'docx' is not one of"),
        (["none.wav"], "'none.wav' does not exist"),
        (["--backend-policy", "1"], "No such option"),
        (["--no-preload"], "No such option"),
    ],
)
def test_mistakes(
    extra: list[str],
    says: str,
    run: Run,
    engine: Engine,
    files: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.txt").touch()
    result = run("transcribe", *files[:2], *extra)
    assert result.exit_code == 2
    assert says in result.stderr


def test_progress_bar_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speech = FIXTURES / "speech" / "awb-01.flac"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with transcribe._progress(speech) as on_progress:
        on_progress(1.0)
    assert "awb-01.flac" in capsys.readouterr().err
    seconds = transcribe._seconds(speech)
    assert seconds is not None
    assert 1 < seconds < 10
    assert transcribe._seconds(FIXTURES / "whisper-synth" / "config.json") is None


def test_a_real_model_and_real_speech(run: Run) -> None:
    model, speech = FIXTURES / "whisper-synth", FIXTURES / "speech" / "awb-01.flac"
    result = run("transcribe", "--model-path", str(model), str(speech), "-f", "srt")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1\n00:00:00,")
    assert "garden again." in result.stdout
    assert result.stderr == f"Loading faster-whisper {model} ...\n"


def test_what_is_missing_is_said_beside_the_text(run: Run, tmp_path: Path, engine: Engine) -> None:
    noisy = tmp_path / "noisy.wav"
    noisy.touch()
    result = run("transcribe", str(noisy))
    assert result.exit_code == 0
    assert result.stdout == "noisy.wav in auto\n"
    said = "nothing certain was heard from 1.0 s to 2.0 s"
    assert result.stderr == f"Warning: {noisy}: {said}\n"
