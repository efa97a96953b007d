"""`brainlab train PRESET --data PREPARED --out RUN`."""

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brainlab.cli.progress import progress
from brainlab.cohort.prepared import PreparedDataset
from brainlab.config import add_flags, apply_flags
from brainlab.errors import InputError
from brainlab.experiments import training
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.generators.presets import PRESETS, preset
from brainlab.generators.vae import VAEConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("preset", help=f"one of {', '.join(PRESETS)}")
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset; its split 'train' is used")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in --out")
    # A flag that was not given is None: a new run takes the default, a resumed one what it was started with.
    parser.add_argument("--seed", type=int, help="of weights, noise and the order of scans (default 0)")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--devices", type=int, default=1, help="processes or GPUs on this machine")
    parser.add_argument("--nodes", type=int, default=1, help="machines")
    parser.add_argument("--precision", choices=list(training.PRECISIONS), help="default bf16-mixed")
    parser.add_argument("--checkpoint-steps", type=int, help="steps between checkpoints (default 100)")
    parser.add_argument(
        "--half-weights", action="store_true", default=None, help="keep the trained weights with 16 bits each"
    )
    # The widest config names every setting; `run` refuses those that the chosen preset does not have.
    add_flags(parser.add_argument_group("settings in place of the preset's"), IntroVAEConfig)


def run(args: argparse.Namespace) -> dict[str, Any]:
    chosen = preset(args.preset)
    _refuse_foreign_settings(args, chosen)
    machine = training.Machine(device=args.device, devices=args.devices, nodes=args.nodes, precision=args.precision)
    named = ("seed", "checkpoint_steps", "half_weights")
    given = {name: getattr(args, name) for name in named if getattr(args, name) is not None}
    data = PreparedDataset.open(args.data)
    if args.resume:

        def change(name: str, config: VAEConfig) -> VAEConfig:
            if name != args.preset:
                raise InputError(f"{args.out}: holds a run of {name}, not {args.preset}; resume it under that name")
            return apply_flags(config, args)

        last = training.resume(args.out, data, machine=machine, change=change, show=_bar, **given)
    else:
        last = training.train(
            args.preset,
            data,
            args.out,
            config=_as_long_as_asked(apply_flags(chosen, args), args),
            machine=machine,
            command=shlex.join(["brainlab", *sys.argv[1:]]),
            show=_bar,
            **given,
        )
    losses = {name: last[name] for name in ("loss", "squared_error", "kl_real", "kl_fake") if name in last}
    return {"epochs": last["epoch"], "samples_per_second": last["samples_per_second"], "losses": losses}


def _as_long_as_asked(config: VAEConfig, args: argparse.Namespace) -> VAEConfig:
    """Train for the epochs that were asked for: a preset's own earlier stop goes with the preset's own epochs."""
    if args.epochs is None or args.stop_after is not None:
        return config
    return dataclasses.replace(config, stop_after=None)


def _refuse_foreign_settings(args: argparse.Namespace, chosen: Any) -> None:
    for name in vars(IntroVAEConfig()):
        if getattr(args, name, None) is not None and not hasattr(chosen, name):
            raise InputError(f"--{name.replace('_', '-')}: {args.preset} has no such setting; leave it out")


def _bar(steps: Iterator[int], total: int) -> Iterator[int]:
    return progress(steps, "training", total)
