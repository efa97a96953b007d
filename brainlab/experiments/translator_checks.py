"""What every translator must hold, beside what every method must (`method_checks`)."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.experiments.method_error import require
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.methods.method import Method
from brainlab.methods.translator import Translator, TranslatorConfig
from brainlab.runs.run import Run

SIDE = 16
"""Of the scans of noise: longer than the patches of a small config, so that whole scans take several."""

LONG = 32
"""How many times a network's `multiple` lies between voxels that are far from each other."""


def check_translating_network(method: Method[Any], config: Any) -> None:
    """Raise MethodError where a network does not make one sequence from others, for volumes of several sizes."""
    name = method.name
    require(isinstance(config, TranslatorConfig), name, "translate is the ability of a TranslatorConfig")
    torch.manual_seed(0)
    made_of = method.network(config)
    require(isinstance(made_of, Translator), name, "translate is the ability of a Translator, and of no other")
    network = cast(Translator, made_of).eval()
    own = (network.inputs, network.target) == (config.inputs, config.target)
    require(own, name, "its sequences are those of its config")
    with torch.inference_mode():
        for side in (2 * network.multiple, 4 * network.multiple):
            x = torch.randn(2, len(config.inputs), side, side, 2 * side)
            made = network.translate(x)
            require(made.shape == (2, 1, *x.shape[2:]), name, "what it makes needs one channel and its inputs' sides")
            require(torch.equal(made, network.translate(x)), name, "the same inputs must give the same target")
            alone = network.translate(x[:1])
            require(torch.allclose(made[:1], alone, atol=1e-4), name, "no scan may change what is made of another")
    if network.reach is not None:
        _check_reach(name, network, network.reach)
    if network.any_size:
        _check_any_size(name, network)


def _check_reach(name: str, network: Translator, reach: int) -> None:
    """Raise MethodError where a voxel further away than a network says changes what it makes."""
    side = 2 * reach + 5
    x = torch.randn(1, len(network.inputs), side, side, side)
    changed = x.clone()
    changed[..., 0] += 1.0
    with torch.inference_mode():
        difference = (network.translate(changed) - network.translate(x)).abs().amax(dim=(0, 1, 2, 3))
    require(bool((difference[reach + 1 :] < 1e-5).all()), name, f"a voxel's reach is more than the {reach} it says")


def _check_any_size(name: str, network: Translator) -> None:
    """Raise MethodError where what a network makes of one end of a long volume depends on the other end."""
    side = network.multiple
    x = torch.randn(1, len(network.inputs), LONG * side, side, side)
    changed = x.clone()
    changed[:, :, -side:] += 1.0
    with torch.inference_mode():
        difference = (network.translate(changed) - network.translate(x)).abs()[:, :, :side].amax()
    require(bool(difference < 1e-5), name, "a far end of a patch changes what it makes, so it does not take any size")


def noise_of_sequences(config: TranslatorConfig, folder: Path, people: int) -> PreparedDataset:
    """Write a dataset of z-scores: noise, the target a blend of the inputs; a fifth of the people are held out."""
    random = np.random.default_rng(0)
    channels = (*config.inputs, config.target)
    count = people + people // 4
    scans = pd.DataFrame(
        {
            "participant": [f"p{i:02d}" for i in range(count)],
            "class": np.resize(["healthy", "ms"], count),
            "age_years": np.linspace(20, 80, count),
            "sex": np.resize(["F", "M"], count),
            "split": ["train"] * people + ["test"] * (count - people),
        }
    )
    inputs = random.standard_normal((count, len(config.inputs), SIDE, SIDE, SIDE)).astype(np.float32)
    images = np.concatenate([inputs, inputs.mean(1, keepdims=True)], axis=1)
    recipe: dict[str, Any] = {
        "name": "noise",
        "shape": [SIDE] * 3,
        "affine": np.diag([4.0, 4, 4, 1]).tolist(),
        "channels": list(channels),
        "intensity": "z-score",
        "z_scores": {channel: {"mean": 100.0, "sd": 20.0} for channel in channels},
        "labels": {"1": "left-white", "2": "lesion"},
        "simulated": True,
    }
    labels = random.integers(0, 3, (count, SIDE, SIDE, SIDE)).astype(np.uint8)
    return write_prepared(folder, images, scans, recipe, "float16", segmentations=labels)


def check_translating_run(run: Run, data: PreparedDataset) -> None:
    """Raise MethodError where a trained run does not translate whole scans of the data's shape."""
    name, view = run.method.name, run.view
    *inputs, target = view.places(data)  # type: ignore[attr-defined]
    image = data.batch(np.array([0]))[0]
    made = translate(run, image[inputs])
    require(made.shape == image[target].shape, name, "a whole scan must come back in its own shape")
    require(np.array_equal(made, translate(run, image[inputs])), name, "a run must translate a scan the same again")
