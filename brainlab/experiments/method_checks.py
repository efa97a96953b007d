"""What every method must hold, so that commands, pages, metrics and studies work with it unseen.

`check_method("vae")` trains the method's small configs for a few steps on noise. Authors of a method call it in their
own test; it takes seconds.
"""

import argparse
import json
import tempfile
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from torch import Tensor

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.config import add_flags, apply_flags, check_ranges, from_dict, to_dict
from brainlab.experiments.analysis.slice_coordinates import slice_coordinates
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.experiments.method_error import require
from brainlab.experiments.training import resume, train
from brainlab.experiments.training_plan import Machine
from brainlab.experiments.translator_checks import (
    check_translating_network,
    check_translating_run,
    noise_of_sequences,
)
from brainlab.images.grid import normal_axis
from brainlab.methods.conditions import ConditionalConfig
from brainlab.methods.generator import Autoencoder, Conditional, Generator, Stacked, StyleBased
from brainlab.methods.method import Method, Schedule
from brainlab.methods.prior import SeededNoise
from brainlab.ranges import Range
from brainlab.runs.methods import methods
from brainlab.runs.run import Run, load_run
from brainlab.types import Float32Array

PEOPLE = 40
STEPS_AN_EPOCH = 4


def check_method(name: str) -> None:
    """Raise MethodError, in one line, on the first thing that a method does not hold.

    Checked for each of its small configs: settings with ranges, files and flags; images of the promised shape and
    range, the same for the same codes; abilities that are what they say, as that what is told changes images; two
    epochs of training, and the same bit for bit when it is stopped and resumed; the card; an evaluation.
    """
    method = methods()[name]
    require(bool(method.presets), name, "needs a preset, so that it can be trained by name")
    require(bool(method.small), name, "needs small configs, so that it can be checked")
    for preset in method.presets.values():
        _check_config(method, preset.config)
    for config in method.small:
        _check_config(method, config)
        _check_network(method, config)
        with tempfile.TemporaryDirectory() as folder:
            _check_training(method, config, Path(folder))


def _check_config(method: Method[Any], config: Any) -> None:
    check_ranges(config)
    kept = from_dict(method.config, json.loads(json.dumps(to_dict(config))))
    require(kept == config, method.name, "its config must come back from JSON as it was")
    for setting, hint in typing.get_type_hints(method.config, include_extras=True).items():
        value = getattr(config, setting)
        marks = typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
        ranged = any(isinstance(mark, Range) for mark in marks)
        require(type(value) not in (int, float) or ranged, method.name, f"the number {setting} needs a range")
    taken = set(vars(config)) & set(vars(Schedule()))
    require(not taken, method.name, f"{', '.join(taken)} belongs to every training's schedule; take it out")
    parser = argparse.ArgumentParser()
    add_flags(parser, method.config)
    add_flags(parser, Schedule)
    require(apply_flags(config, parser.parse_args([])) == config, method.name, "flags not given must change nothing")
    asked = "condition" in method.abilities
    require(
        asked == isinstance(config, ConditionalConfig), method.name, "condition is the ability of a ConditionalConfig"
    )


def _check_network(method: Method[Any], config: Any) -> None:
    name = method.name
    if "translate" in method.abilities:
        check_translating_network(method, config)
        return
    torch.manual_seed(0)
    made_of = method.network(config)
    require(isinstance(made_of, Generator), name, "what does not translate is a Generator")
    network = cast(Generator, made_of).eval()
    encodes = "encode" in method.abilities
    require(
        encodes == isinstance(network, Autoencoder), name, "encode is the ability of an Autoencoder, and of no other"
    )
    require("reconstruct" not in method.abilities or encodes, name, "what reconstructs must encode")
    styled = "styles" in method.abilities
    require(
        styled == isinstance(network, StyleBased), name, "styles is the ability of what is StyleBased, and of no other"
    )
    asked = "condition" in method.abilities
    require(
        asked == isinstance(network, Conditional), name, "condition is the ability of what is Conditional, and no other"
    )
    walks = "walk" in method.abilities
    require(walks or not styled, name, "what has styles can be walked")
    require(not walks or len(network.prior.code_shape) == 1, name, "what can be walked has codes that are vectors")
    stacks = "stack" in method.abilities
    require(stacks == isinstance(network, Stacked), name, "stack is the ability of what is Stacked, and of no other")
    with torch.inference_mode():
        codes = network.prior.draw(3, SeededNoise(0))
        again = network.prior.draw(3, SeededNoise(0))
        require(torch.equal(codes, again), name, "the same noise must draw the same codes")
        require(codes.shape == (3, *network.prior.code_shape), name, "codes need the prior's code_shape")
        if isinstance(network, Stacked):
            noise = SeededNoise(0).normal(3, *network.prior.code_shape)
            same = torch.equal(codes, network.gaussian.courses(noise))
            require(same, name, "a draw must be what its Gaussian over slices makes of the noise")
        images = network.decode(codes)
        require(images.shape == (3, *network.sample_shape), name, "images need the network's sample_shape")
        require(bool(images.min() >= 0 and images.max() <= 1), name, "images must lie in [0, 1]")
        require(torch.equal(images, network.decode(codes)), name, "the same codes must give the same images")
        if isinstance(network, Autoencoder):
            mean, log_variance = network.encode(images)
            require(mean.shape == codes.shape, name, "a posterior's mean must have the shape of the codes")
            require(log_variance is None or log_variance.shape == mean.shape, name, "so must its log-variance")
            require(network.reconstruct(images).shape == images.shape, name, "a reconstruction has its image's shape")
    if isinstance(network, StyleBased):
        _check_styles(name, network, codes)


def _check_styles(name: str, network: StyleBased, codes: Tensor) -> None:
    levels = len(network.levels)
    with torch.inference_mode():
        w = network.style(codes)
        require(w.shape == (3, len(network.mean_style)), name, "styles need the shape [n, length of mean_style]")
        mean = network.mean_style.expand_as(w)
        require(torch.allclose(network.style(0 * codes), mean), name, "a code of zeros must have the mean style")
        images = network.from_styles(network.at_all_levels(w))
        same = torch.equal(images, network.decode(codes))
        require(same, name, "a code's image must be that of its style at every level, bit for bit")
        for level in range(levels):
            styles = network.at_all_levels(w).clone()
            styles[:, level] = w.roll(1, 0)
            changed = network.from_styles(styles)
            require(changed.shape == images.shape, name, "images of styles need the network's sample_shape")
            require(not torch.equal(changed, images), name, f"the style of level {level} must change the image")
    given = network.at_all_levels(w.clone()).clone().requires_grad_()
    shown = network.from_styles(given).sum()
    require(shown.requires_grad, name, "images need gradients to their styles, so that images can be projected")


def _check_training(method: Method[Any], config: Any, folder: Path) -> None:
    name, preset = method.name, next(iter(method.presets))
    if "translate" in method.abilities:
        data = noise_of_sequences(config, folder / "data", 2 * STEPS_AN_EPOCH)
    else:
        data = noise_of_images(cast(Generator, method.network(config)).sample_shape, folder / "data")
    images = len(method.view(config).of(data).indices("train"))
    schedule = Schedule(epochs=2, batch_size=images // STEPS_AN_EPOCH, ema_decay=0.5)
    machine = Machine(device="cpu", precision="32")
    whole, stopped = folder / "whole", folder / "stopped"
    given: dict[str, Any] = {"config": config, "schedule": schedule, "machine": machine}
    last = train(preset, data, whole, **given)
    require("loss" in last, name, "a step must return the loss that is minimised as `loss`")

    def stop(steps: Iterator[int], total: int) -> Iterator[int]:
        for step in steps:
            if step == STEPS_AN_EPOCH + 2:
                raise _StoppedError
            yield step

    try:
        train(preset, data, stopped, checkpoint_steps=STEPS_AN_EPOCH + 1, show=stop, **given)
    except _StoppedError:
        resume(stopped, data, machine=machine)
    ours, theirs = (load_file(path / "weights.safetensors") for path in (stopped, whole))
    differ = [key for key, value in theirs.items() if not torch.equal(ours[key], value)]
    require(not differ, name, f"stopped and resumed it must be what it was uninterrupted; {differ[:1]} differs")
    run = load_run(whole)
    require(method.title in run.card, name, "the card must name it")
    _check_run(run, data)


def _check_run(run: Run, data: PreparedDataset) -> None:
    name = run.method.name
    if run.can("translate"):
        check_translating_run(run, data)
        return
    codes, images = run.sample(2, 0)
    require(np.array_equal(images, run.sample(2, 0)[1]), name, "a trained run must draw the same images again")
    require(np.array_equal(images, run.decode(codes)), name, "a sample must be what its code decodes to")
    found = evaluate_run(run, data, 8, write=False)
    require(found["isd"]["value"] is not None, name, "its samples must be measured")
    measured = found["mse"]["value"] is not None
    require(
        measured == run.can("reconstruct"), name, "reconstructions are measured where there are any, and only there"
    )
    if run.can("condition"):
        _check_conditions(run, codes, images)
    if run.can("stack"):
        _check_stack(run, codes[0])


def _check_stack(run: Run, code: Float32Array) -> None:
    name, known = run.method.name, slice_coordinates(run)
    require(known.mean.shape == run.code_shape, name, "the Gaussian over slices needs a mean of the codes' shape")
    slices = run.shape[normal_axis(known.plane)]
    require(run.code_shape[0] == slices, name, "codes need a row for each slice along the normal of its plane")
    own = {coordinate: known.position(code, coordinate) for coordinate in known.strongest(run.latent_dim)}
    near = 1e-3 * float(known.variances.max()) ** 0.5
    told = known.moved(known.mean, own)
    require(bool(np.allclose(told, code, atol=near)), name, "a draw must be what its slice coordinates say")
    require(np.array_equal(known.moved(code, own), code), name, "where its coordinates lie a code must not change")
    strongest = next(iter(own))
    images = run.decode(np.stack([code, known.moved(code, {strongest: own[strongest] + 3})]))
    require(not np.array_equal(*images), name, "the strongest slice coordinate must change the image")


def _check_conditions(run: Run, codes: Float32Array, images: Float32Array) -> None:
    name, known = run.method.name, run.conditions
    names = tuple(condition.name for condition in known)
    require(names == run.config.conditions, name, "its network must know the conditions that its settings name")
    untold = run.decode(codes, condition={})
    require(np.array_equal(untold, images), name, "what is told nothing must be what is not conditioned, bit for bit")
    shown = images[:, None].repeat(run.generator.sample_shape[0], 1)
    for one in known:
        asked = [{one.name: value} for value in one.words[:2] or (one.low, one.high)]
        first, second = (run.decode(codes, condition=each) for each in asked)
        changed = not np.array_equal(first, second) and not np.array_equal(first, images)
        require(changed, name, f"{one.name} must change the image of a code")
        require(bool(first.min() >= 0 and first.max() <= 1), name, "images on request must lie in [0, 1]")
        again = run.sample(len(codes), 0, condition=asked[0])[1]
        require(np.array_equal(again, first), name, "a sample on request must be what its code decodes to")
        exaggerated = run.decode(codes, condition=asked[0], guidance=3.0, away_from=asked[0])
        require(np.allclose(exaggerated, first, atol=1e-4), name, "guidance away from the same must change nothing")
        if run.can("encode"):
            same = np.array_equal(run.encode(shown)[0], run.encode(shown, condition=asked[0])[0])
            require(not same, name, f"{one.name} must change the code of an image")


class _StoppedError(Exception):
    pass


def noise_of_images(sample_shape: tuple[int, ...], folder: Path) -> PreparedDataset:
    """Write a dataset of noise: forty people to train on, ten held out."""
    random = np.random.default_rng(0)
    channels, *sides = sample_shape
    held_out = PEOPLE // 4
    scans = pd.DataFrame(
        {
            "participant": [f"p{i:02d}" for i in range(PEOPLE + held_out)],
            "class": ["healthy", "ms"] * ((PEOPLE + held_out) // 2),
            "age_years": np.linspace(20, 80, PEOPLE + held_out),
            "sex": np.resize(["F", "F", "M", "M"], PEOPLE + held_out),
            "split": ["train"] * PEOPLE + ["test"] * held_out,
        }
    )
    recipe = {"name": "noise", "shape": sides, "affine": np.diag([4.0, 4, 4, 1]).tolist(), "simulated": True}
    if channels > 1:
        recipe["channels"] = [f"channel {number}" for number in range(channels)]
    shape = sides if channels == 1 else [channels, *sides]
    images = (random.random(shape).astype(np.float32) for _ in range(len(scans)))
    return write_prepared(folder, images, scans, recipe)
