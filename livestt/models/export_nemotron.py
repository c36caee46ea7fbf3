"""transformers' Nemotron-3 diarization folders as two ONNX graphs and a card.

``pre`` stacks and projects feature frames, ``head`` is the encoder, the upsampler and the
classifier.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from livestt.models.export_graph import export
from livestt.speakers.model_card import HEAD, NEMOTRON, PRE, ModelCard, write


def convert(source: Path, target: Path, name: str) -> None:
    """Convert a folder in Hugging Face format.

    Args:
        source: folder with ``config.json`` and the weights.
        target: empty folder to write.
        name: what people call the model.

    Raises:
        ImportError: torch is missing, or transformers is missing or too old.
        Exception: whatever transformers and torch raise on a folder that they cannot use.
    """
    import torch
    from transformers import Nemotron3DiarizationForAudioFrameClassification as Model

    # float32: the numbers that the graphs are compared in, and the only ones every CPU is fast in.
    model = Model.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    config, streaming = model.config, model.config.streaming_config
    card = ModelCard(
        kind="nemotron",
        name=name,
        speakers=int(config.head_config.num_speakers),
        mels=int(config.audio_config.num_mel_bins),
        size=int(config.audio_config.hidden_size),
        subsampling=int(config.audio_config.subsampling_factor),
        upsampling=int(config.audio_config.subsampling_factor),
        left=0,
        cache=int(streaming.speaker_cache_length),
        scoring=_scoring(streaming),
        silence=[float(value) for value in model.silence_embeds.detach()],
        presets=dict(NEMOTRON),
    )
    frames = torch.rand(2, 14 * card.subsampling, card.mels)
    export(_pre(model), target / PRE, frames, frames.shape[1], ("x", "n"), "emb")
    export(_head(model), target / HEAD, torch.randn(2, 50, card.size), 50, ("emb", "n"), "p")
    write(card, target)


def _scoring(streaming: Any) -> dict[str, float]:
    return {
        "silence_per_speaker": int(streaming.speaker_cache_silence_frames_per_speaker),
        "score_floor": float(streaming.prediction_score_threshold),
        "boost_latest": float(streaming.latest_frames_score_boost),
        "strong_boost": float(streaming.strong_boost_rate),
        "weak_boost": float(streaming.weak_boost_rate),
        "min_positive": float(streaming.min_positive_scores_rate),
    }


def _pre(model: Any) -> Any:
    import torch

    class Pre(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedder = model.model.audio_tower.embedder

        def forward(self, x: Any, n: Any) -> Any:
            inside = torch.arange(x.shape[1])[None, :] < n[:, None]
            x = x * inside[..., None]
            stacked = x.reshape(x.shape[0], -1, x.shape[2] * self.embedder.subsampling_factor)
            return self.embedder.projection(stacked)

    return Pre()


def _head(model: Any) -> Any:
    import torch

    class Head(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model, self.classifier = model.model, model.classifier

        def forward(self, emb: Any, n: Any) -> Any:
            inside = torch.arange(emb.shape[1])[None, :] < n[:, None]
            hidden = self.model.audio_tower(inputs_embeds=emb, attention_mask=inside)[0]
            # The upsampler looks at its neighbours: past the end it must see zeros, as it would
            # if this session were alone.
            hidden = self.model.proj(hidden) * inside[..., None]
            return self.classifier(self.model.upsampler(hidden)).sigmoid()

    return Head()
