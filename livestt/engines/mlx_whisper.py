"""Whisper on MLX, for Apple's GPUs: exact AlignAtt, quantised weights.

MLX arrays are lazy and belong to the thread that made them, so the engine has one thread of its
own in which everything about the model happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job
from livestt.engines.whisper.attentive import AttentiveWhisper, Loaded
from livestt.errors import EngineError, MissingExtra, UnsupportedOption

MAX_BATCH = 8


class MlxWhisperEngine(AttentiveWhisper):
    """An MLX Whisper shared by all sessions.

    Raises:
        MissingExtra: MLX is not installed.
        BadModel: the folder is not a usable one.
        UnsupportedOption: a device, number format or head that this machine or model does not have.
    """

    weights: ClassVar[Literal["mlx"]] = "mlx"

    def __init__(self, settings: EngineSettings) -> None:
        if not (find_spec("mlx") and find_spec("mlx_whisper")):
            raise MissingExtra("The engine mlx-whisper", "mlx")
        self._thread = ThreadPoolExecutor(1, "livestt-mlx")
        try:
            loaded, device = self._thread.submit(_load, settings).result()
        except BaseException:
            self._end()
            raise
        multilingual = loaded.vocabulary.multilingual
        capabilities = Capabilities(
            name="mlx-whisper",
            model=Path(settings.model).name,
            streaming="window",
            languages=frozenset(loaded.vocabulary.languages) or frozenset({"en"}),
            detects_language=multilingual,
            translates=multilingual,
            attends=True,
            max_batch=MAX_BATCH,
            device=device,
        )
        super().__init__(settings, loaded, capabilities)

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        try:
            return self._thread.submit(self.answer, jobs).result()
        except RuntimeError as error:
            raise EngineError(f"MLX failed: {error}") from error

    def close(self) -> None:
        del self._loaded
        self._end()

    def _end(self) -> None:
        """End the thread, its streams first: MLX aborts the process at exit if they are left."""
        self._thread.submit(_clear_streams).result()
        self._thread.shutdown()


def _load(settings: EngineSettings) -> tuple[Loaded, str]:
    """The model, and the device it runs on; in the engine's own thread."""
    from livestt.engines import mlx_loading, vocabularies
    from livestt.engines.mlx_model import MlxWhisper

    device = _use(settings.device)
    dtype = _dtype(settings.compute_type, device)
    folder = Path(settings.model)
    whisper = mlx_loading.load(folder, dtype)
    size = whisper.dims.n_vocab
    if (folder / "tokenizer.json").is_file():
        vocabulary = vocabularies.from_folder(
            folder, multilingual=vocabularies.is_multilingual(size)
        )
    else:
        vocabulary = vocabularies.from_tiktoken(size)
    chosen = mlx_loading.heads(folder, whisper, settings.alignment_heads)
    never = mlx_loading.suppressed(folder, size)
    model = MlxWhisper(whisper, chosen, never, vocabulary.eot, dtype)
    return Loaded(model, vocabulary, whisper.dims.n_mels), device


def _clear_streams() -> None:
    import mlx.core as mx

    mx.clear_streams()


def _use(wanted: str) -> str:
    """Make a device the one of this thread."""
    import mlx.core as mx

    gpu = mx.metal.is_available()
    if wanted == "cuda":
        raise UnsupportedOption(
            "--device cuda: the engine mlx-whisper is for Apple silicon. Use --backend "
            "faster-whisper."
        )
    if wanted == "mps" and not gpu:
        raise UnsupportedOption("--device mps: MLX sees no Apple GPU here. Use --device cpu.")
    device = "cpu" if wanted == "cpu" or not gpu else "mps"
    mx.set_default_device(mx.cpu if device == "cpu" else mx.gpu)
    return device


def _dtype(compute_type: str, device: str) -> Any:
    import mlx.core as mx

    formats = {"float32": mx.float32, "float16": mx.float16, "bfloat16": mx.bfloat16}
    if compute_type in ("default", "auto"):
        return mx.float32 if device == "cpu" else mx.float16
    if compute_type not in formats:
        raise UnsupportedOption(
            f"--compute-type {compute_type}: the engine mlx-whisper knows float32, float16 and "
            "bfloat16. Fewer bits are a property of the model, such as --model "
            "mlx-community/whisper-large-v3-turbo-4bit."
        )
    return formats[compute_type]
