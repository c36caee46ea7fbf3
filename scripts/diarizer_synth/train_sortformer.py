"""Train a small NeMo Sortformer with four channels."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from nemo.collections.asr.models import SortformerEncLabelModel
from nemo.utils import logging as nemo_logging
from omegaconf import DictConfig, OmegaConf
from training import Batch, Model, bce, every, learns, make_pool, train
from voices import load

MELS, SIZE, CHANNELS, HEADS, LAYERS = 80, 64, 4, 4, 2
CHUNKS = ((3, 1), (6, 7), (6, 7), (6, 2), (25, 4), (50, 4), (124, 1))
"""Chunk and right context of the streams it is trained on, in encoder frames."""
LEFT = 1
"""Left context, in encoder frames."""
STREAMED_SHARE = 0.03
"""Of the batches. In each there are many steps to learn from."""
WHOLE_MIXTURES = 80
"""For training the whole model, which needs their features: 0.7 MB each."""


def configuration() -> DictConfig:
    asr = "nemo.collections.asr"
    return OmegaConf.create(
        {
            "sample_rate": 16_000,
            "pil_weight": 0.5,
            "ats_weight": 0.5,
            "max_num_of_spks": CHANNELS,
            "streaming_mode": True,
            "async_streaming": False,
            "model_defaults": {"fc_d_model": SIZE, "tf_d_model": SIZE},
            "preprocessor": {
                "_target_": f"{asr}.modules.AudioToMelSpectrogramPreprocessor",
                "normalize": "NA",
                "window_size": 0.025,
                "sample_rate": 16_000,
                "window_stride": 0.01,
                "window": "hann",
                "features": MELS,
                "n_fft": 512,
                "dither": 0.0,
            },
            "sortformer_modules": {
                "_target_": f"{asr}.modules.sortformer_modules.SortformerModules",
                "num_spks": CHANNELS,
                "dropout_rate": 0.0,
                "fc_d_model": SIZE,
                "tf_d_model": SIZE,
                "subsampling_factor": 8,
                "spkcache_len": 64,
                "fifo_len": 40,
                "chunk_len": 6,
                "spkcache_update_period": 36,
                "chunk_left_context": 1,
                "chunk_right_context": 7,
                "spkcache_sil_frames_per_spk": 1,
            },
            "encoder": {
                "_target_": f"{asr}.modules.ConformerEncoder",
                "feat_in": MELS,
                "feat_out": -1,
                "n_layers": LAYERS,
                "d_model": SIZE,
                "subsampling": "dw_striding",
                "subsampling_factor": 8,
                "subsampling_conv_channels": 24,
                "ff_expansion_factor": 4,
                "self_attention_model": "rel_pos",
                "n_heads": HEADS,
                "att_context_size": [-1, -1],
                "conv_kernel_size": 9,
                "conv_norm_type": "layer_norm",
                "dropout": 0.0,
                "dropout_pre_encoder": 0.0,
                "dropout_emb": 0.0,
                "dropout_att": 0.0,
            },
            "transformer_encoder": {
                "_target_": f"{asr}.modules.transformer.transformer_encoders.TransformerEncoder",
                "num_layers": LAYERS,
                "hidden_size": SIZE,
                "inner_size": 2 * SIZE,
                "num_attention_heads": HEADS,
                "attn_score_dropout": 0.0,
                "attn_layer_dropout": 0.0,
                "ffn_dropout": 0.0,
                "hidden_act": "relu",
                "pre_ln": False,
                "pre_ln_final_layer_norm": True,
            },
            "loss": {"_target_": f"{asr}.losses.bce_loss.BCELoss", "weight": None},
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path)
    parser.add_argument("checkpoint", type=Path, help=".nemo file to write")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument(
        "--whole", type=float, default=0.15, help="share of them for the whole model"
    )
    parser.add_argument("--mixtures", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--start", type=Path, help=".nemo file to go on from")
    options = parser.parse_args()
    nemo_logging.setLevel(logging.ERROR)
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = Random(options.seed)
    bank = load(options.bank)
    net = SortformerEncLabelModel(cfg=configuration())
    if options.start:
        trained = SortformerEncLabelModel.restore_from(str(options.start), map_location="cpu")
        net.load_state_dict(trained.state_dict())
    net.train()
    # Otherwise NeMo shuffles the speakers in the cache; the order of arrival is easier to learn.
    net.sortformer_modules.eval()

    def save() -> None:
        net.save_to(str(options.checkpoint))

    if options.whole > 0:
        pool = make_pool(bank, rng, WHOLE_MIXTURES, CHANNELS, lambda sound: mel_frames(net, sound))
        whole = Model(
            list(net.parameters()),
            SIZE,
            lambda mel: think(net, subsampled(net, mel)),
            never,
            0,
            8,
            save,
        )
        train(whole, pool, rng, options.minutes * options.whole, options.rate, 1)
        del pool
    net.encoder.pre_encode.requires_grad_(False)
    pool = make_pool(bank, rng, options.mixtures, CHANNELS, lambda sound: embeddings(net, sound))
    rest = [one for one in net.parameters() if one.requires_grad]
    model = Model(
        rest, SIZE, lambda frames: think(net, frames), partial(stream, net), STREAMED_SHARE, 8, save
    )
    train(model, pool, rng, options.minutes * (1 - options.whole), options.rate, 0.1)


def mel_frames(net: Any, sound: np.ndarray) -> torch.Tensor:
    """Features ``[frames, MELS]`` of a sound, 10 ms each."""
    samples, count = torch.tensor(sound)[None], torch.tensor([len(sound)])
    with torch.no_grad():
        features, _ = net.preprocessor(input_signal=samples, length=count)
    return features[0, :, : len(sound) // 160].T


def embeddings(net: Any, sound: np.ndarray) -> torch.Tensor:
    """What the encoder's layers see of a sound, ``[frames, SIZE]``, 80 ms each."""
    with torch.no_grad():
        return subsampled(net, mel_frames(net, sound)[None])[0]


def subsampled(net: Any, features: torch.Tensor) -> torch.Tensor:
    return net.encoder.pre_encode(x=features, lengths=lengths_of(features))[0]


def think(net: Any, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits ``[batch, frames, CHANNELS]`` and hidden ``[batch, frames, SIZE]`` of embeddings."""
    hidden, lengths = net.frontend_encoder(frames, lengths_of(frames), bypass_pre_encode=True)
    return torch.logit(net.forward_infer(hidden, lengths), eps=1e-6), hidden


def stream(net: Any, batch: Batch, rng: Random) -> Iterator[torch.Tensor]:
    """A batch of embeddings, step by step. What is remembered is taken as given: no gradient goes
    through it."""
    modules = net.sortformer_modules
    chunk, right = rng.choice(CHUNKS)
    state = modules.init_streaming_state(len(batch.features), False, batch.features.device)
    targets = every(batch.active, 8)
    for start in range(0, batch.features.shape[1], chunk):
        left = min(start, LEFT)
        frames = batch.features[:, start - left : start + chunk + right]
        new = frames.shape[1] - left
        remembered, queued = state.spkcache.shape[1], state.fifo.shape[1]
        learning = learns(rng, chunk)
        with learning:
            logits, _ = think(net, torch.cat([state.spkcache, state.fifo, frames], 1))
        if logits.requires_grad:
            heard = [targets[:, start - queued : start], targets[:, start - left : start + new]]
            yield bce(logits[:, remembered:], torch.cat(heard, 1))
        with torch.no_grad():
            state, _ = modules.streaming_update(
                state, frames, logits.detach().sigmoid(), left, max(0, new - chunk)
            )


def never(batch: Batch, rng: Random) -> Iterator[torch.Tensor]:
    raise AssertionError("no streams while the whole model learns")


def lengths_of(features: torch.Tensor) -> torch.Tensor:
    return torch.full((len(features),), features.shape[1])


if __name__ == "__main__":
    main()
