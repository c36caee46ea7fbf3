"""Train a small NeMo Sortformer with four channels."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from nemo.collections.asr.models import SortformerEncLabelModel, sortformer_diar_models
from nemo.utils import logging as nemo_logging
from omegaconf import DictConfig, OmegaConf
from training import Model, learns, make_pool, train
from voices import load

MELS, SIZE, CHANNELS, HEADS, LAYERS = 80, 64, 4, 4, 2
CHUNKS = ((6, 7), (6, 7), (6, 2), (25, 4), (50, 4), (124, 1))
"""Chunk and right context of the streams it is trained on, in encoder frames."""


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
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--streams-from", type=float, default=0.5, help="share of them after which streams begin"
    )
    parser.add_argument("--mixtures", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--start", type=Path, help=".nemo file to go on from")
    options = parser.parse_args()
    nemo_logging.setLevel(logging.ERROR)
    sortformer_diar_models.tqdm = lambda steps, **_: steps
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = Random(options.seed)
    bank = load(options.bank)
    net = SortformerEncLabelModel(cfg=configuration())
    if options.start:
        trained = SortformerEncLabelModel.restore_from(str(options.start), map_location="cpu")
        net.load_state_dict(trained.state_dict())

    def extract(sound: np.ndarray) -> torch.Tensor:
        samples, count = torch.tensor(sound)[None], torch.tensor([len(sound)])
        with torch.no_grad():
            features, length = net.preprocessor(input_signal=samples, length=count)
        return features[0, :, : int(length)].T

    pool = make_pool(bank, rng, options.mixtures, CHANNELS, extract)

    def offline(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden, lengths = net.frontend_encoder(features.transpose(1, 2), lengths_of(features))
        return torch.logit(net.forward_infer(hidden, lengths), eps=1e-6), hidden

    take_step = net.forward_streaming_step

    def stream(features: torch.Tensor, rng: Random) -> torch.Tensor:
        modules = net.sortformer_modules
        modules.chunk_len, modules.chunk_right_context = rng.choice(CHUNKS)
        net.forward_streaming_step = forgetful(take_step, modules.chunk_len, rng)
        said = net.forward_streaming(features.transpose(1, 2), lengths_of(features))
        return torch.logit(said, eps=1e-6)

    def save() -> None:
        modules = net.sortformer_modules
        modules.chunk_len, modules.chunk_right_context = CHUNKS[0]
        net.save_to(str(options.checkpoint))

    net.train()
    model = Model(list(net.parameters()), SIZE, offline, stream, 8, save)
    train(model, pool, rng, options)


def forgetful(step: Callable[..., Any], chunk: int, rng: Random) -> Callable[..., Any]:
    """What is remembered is taken as given: no gradient goes through it."""

    def take(streaming_state: Any, total_preds: torch.Tensor, **rest: Any) -> Any:
        for name, held in vars(streaming_state).items():
            if isinstance(held, torch.Tensor):
                setattr(streaming_state, name, held.detach())
        with learns(rng, chunk):
            state, said = step(
                streaming_state=streaming_state, total_preds=total_preds[:, :0], **rest
            )
        return state, torch.cat([total_preds, said], 1)

    return take


def lengths_of(features: torch.Tensor) -> torch.Tensor:
    return torch.full((len(features),), features.shape[1])


if __name__ == "__main__":
    main()
