"""NeMo's Sortformer checkpoints (``.nemo``) as two ONNX graphs and a card.

The only module that needs NeMo. The model is cut where streaming inserts its memory: ``pre`` is
the convolutional subsampling, ``head`` everything after it.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from livestt.models.export_graph import export
from livestt.speakers.model_card import HEAD, PRE, SORTFORMER, ModelCard, write


def convert(source: Path, target: Path, name: str) -> None:
    """Convert a checkpoint.

    Args:
        source: ``.nemo`` file.
        target: empty folder to write.
        name: what people call the model.

    Raises:
        ImportError: NeMo is not installed.
        Exception: whatever NeMo and torch raise on a file that they cannot use.
    """
    import torch

    model = _restore(source)
    modules, config = model.sortformer_modules, model.cfg
    left = int(modules.chunk_left_context)
    card = ModelCard(
        kind="sortformer",
        name=name,
        speakers=int(modules.n_spk),
        mels=int(config.preprocessor.features),
        size=int(modules.fc_d_model),
        subsampling=int(modules.subsampling_factor),
        upsampling=1,
        left=left,
        cache=int(modules.spkcache_len),
        scoring=_scoring(modules),
        silence=None,
        presets=dict(SORTFORMER),
        longest=max(
            int(modules.spkcache_len) + left + p.fifo + p.chunk + p.right
            for p in SORTFORMER.values()
        ),
    )
    _check(config.preprocessor)
    # The table of positions is stored in the graph: as long as it is needed, not 5000.
    del model.encoder.pos_enc.pe
    model.encoder.set_max_audio_length(card.longest)
    frames = torch.rand(2, 14 * card.subsampling, card.mels)
    export(_pre(model), target / PRE, frames, frames.shape[1], ("x", "n"), "emb")
    export(_head(model), target / HEAD, torch.randn(2, 50, card.size), 50, ("emb", "n"), "p")
    write(card, target)


def _restore(source: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("nv_one_logger").setLevel(logging.ERROR)
        from nemo.collections.asr.models import SortformerEncLabelModel
        from nemo.utils import logging as nemo_logging

        nemo_logging.setLevel(logging.ERROR)
        return SortformerEncLabelModel.restore_from(str(source), map_location="cpu").eval()


def _scoring(modules: Any) -> dict[str, float]:
    return {
        "silence_per_speaker": int(modules.spkcache_sil_frames_per_spk),
        "score_floor": float(modules.pred_score_threshold),
        "boost_latest": float(modules.scores_boost_latest),
        "silence_threshold": float(modules.sil_threshold),
        "strong_boost": float(modules.strong_boost_rate),
        "weak_boost": float(modules.weak_boost_rate),
        "min_positive": float(modules.min_pos_scores_rate),
    }


def _check(preprocessor: Any) -> None:
    """Refuse features other than those that `livestt.speakers.features` computes."""
    expected = {
        "normalize": "NA",
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "n_fft": 512,
        "sample_rate": 16000,
    }
    wrong = [f"{k}={preprocessor.get(k)}" for k, v in expected.items() if preprocessor.get(k) != v]
    if wrong:
        raise ValueError(f"its features are computed in another way: {', '.join(wrong)}")


def _pre(model: Any) -> Any:
    import torch

    class Pre(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.pre_encode = model.encoder.pre_encode

        def forward(self, x: Any, n: Any) -> Any:
            return self.pre_encode(x=x, lengths=n)[0]

    return Pre()


def _head(model: Any) -> Any:
    import torch

    class Head(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, emb: Any, n: Any) -> Any:
            hidden, lengths = self.model.frontend_encoder(emb, n, bypass_pre_encode=True)
            return self.model.forward_infer(hidden, lengths)

    return Head()
