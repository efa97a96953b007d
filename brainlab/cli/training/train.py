"""`brainlab train PRESET --data PREPARED --out RUN`."""

import argparse
import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.lines import warn
from brainlab.cli.common.progress import progress
from brainlab.config import apply_flags
from brainlab.errors import InputError, TrainingStoppedError

if TYPE_CHECKING:
    from brainlab.methods.method import Method

PRECISIONS = ("bf16-mixed", "32")
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
"""Variables of the environment that number the processes of one training, from 0; who starts them sets some."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "preset", help="what to train: 'brainlab presets' lists them, 'brainlab train PRESET --help' its settings"
    )
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset; its split 'train' is used")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in --out")
    parser.add_argument(
        "--start-from",
        type=Path,
        metavar="RUN",
        help="begin with the weights of this run, which has the preset's networks (default: weights drawn by --seed)",
    )
    # A flag that was not given is None: a new run takes the default, a resumed one what it was started with.
    parser.add_argument("--seed", type=int, help="of weights, noise and the order of scans (default 0)")
    add_device(parser)
    parser.add_argument("--devices", type=int, default=1, help="processes or GPUs on this machine (default 1)")
    parser.add_argument("--nodes", type=int, default=1, help="machines (default 1)")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="default bf16-mixed where the device computes in it by itself, 32 elsewhere",
    )
    parser.add_argument("--checkpoint-steps", type=int, help="steps between checkpoints (default 100)")
    parser.add_argument(
        "--half-weights", action="store_true", default=None, help="keep the trained weights with 16 bits each"
    )
    parser.add_argument(
        "--fold",
        metavar="K/N",
        help="cross-validation: hold out this one of N folds of the participants, such as 2/5 (default: the data's own "
        "split)",
    )
    parser.add_argument(
        "--estimate", action="store_true", help="say how long this would take on this machine, and write nothing"
    )


def add_settings(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the flags of the method that the words name a preset of, if they do; only then are methods imported."""
    if all(word.startswith("-") for word in words):
        return
    from brainlab.config import add_flags
    from brainlab.methods.method import Schedule
    from brainlab.runs.methods import find_preset, presets

    taking = {flag for action in parser._actions if action.nargs is None for flag in action.option_strings}
    values = {place + 1 for place, word in enumerate(words) if word in taking}
    known = presets()
    positional = [word for place, word in enumerate(words) if not word.startswith("-") and place not in values]
    if not positional:
        return
    name = next((word for word in positional if word in known), positional[0])
    method, _ = find_preset(name)
    parser.prog = f"{parser.prog} {name}"
    add_flags(parser.add_argument_group("schedule, in place of the preset's"), Schedule)
    add_flags(parser.add_argument_group(f"settings of a {method.title}, in place of the preset's"), method.config)


def run(args: argparse.Namespace) -> dict[str, Any]:
    if not any(int(os.environ.get(name) or 0) for name in RANKS):
        return _train(args)
    # The first process of several speaks for all. One that ends with an error is what this process alone met, and then
    # its launcher ends the first, too, which would wait for it; what all meet leaves the first to write its card.
    met_by_all = contextlib.suppress(TrainingStoppedError, KeyboardInterrupt)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere), met_by_all:
        _train(args)
    raise SystemExit(0)


def _train(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.folds import Fold
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments import training
    from brainlab.experiments.training_plan import Machine, Plan
    from brainlab.methods.method import Schedule
    from brainlab.runs.matching.own_recipe import preset_recipe_warning, start_recipe_warning
    from brainlab.runs.methods import find_preset
    from brainlab.runs.run import load_run

    method, preset = find_preset(args.preset)
    machine = Machine(device=args.device, devices=args.devices, nodes=args.nodes, precision=args.precision)
    named = ("seed", "checkpoint_steps", "half_weights")
    given = {name: getattr(args, name) for name in named if getattr(args, name) is not None}
    fold = Fold.parse(args.fold) if args.fold else None
    data = PreparedDataset.open(args.data)
    warned: dict[str, list[str]] = {}
    if args.resume and args.estimate:
        raise InputError("--estimate: needs a training that has not begun, got --resume; leave one of the two out")
    if args.resume and args.start_from:
        raise InputError("--start-from: has no effect with --resume, which goes on from a checkpoint; leave it out")
    start = load_run(args.start_from) if args.start_from else None
    if args.resume:

        def change(name: str, config: Any, schedule: Schedule) -> tuple[Any, Schedule]:
            if name != args.preset:
                raise InputError(f"{args.out}: holds a run of {name}, not {args.preset}; resume it under that name")
            return configured(method, config, args), apply_flags(schedule, args)

        last = training.resume(args.out, data, machine=machine, fold=fold, change=change, show=bar, **given)
    else:
        schedule = preset.schedule.asked(args)
        config = configured(method, preset.config, args)
        told = (
            preset_recipe_warning(args.preset, preset, data),
            start_recipe_warning(start, data) if start else None,
            method.schedule_warning(config, schedule),
        )
        if warnings := [warning for warning in told if warning]:
            # What is refused needs no warning beside the reason.
            held_out = fold.held_out(data) if fold else data
            Plan.of_preset(args.preset, held_out, config, schedule, start).check(machine)
            warn(warnings)
            warned["warnings"] = warnings
        if args.estimate:
            from brainlab.experiments.estimate import estimate

            found = estimate(
                args.preset,
                data,
                args.out,
                config=config,
                schedule=schedule,
                start=start,
                seed=args.seed or 0,
                fold=fold,
                machine=machine,
            )
            return {
                "estimate": str(found),
                "seconds": round(found.seconds, 1),
                "samples_per_second": round(found.rate, 2),
                **warned,
            }
        last = training.train(
            args.preset,
            data,
            args.out,
            config=config,
            schedule=schedule,
            start=start,
            machine=machine,
            fold=fold,
            command=shlex.join(["brainlab", *sys.argv[1:]]),
            show=bar,
            **given,
        )
    losses = ", ".join(f"{name} {last[name]:g}" for name in last["losses"])
    return {
        "lines": [f"epoch {last['epoch']}, {last['samples_per_second']:g} images/s: {losses}"],
        "epochs": last["epoch"],
        "samples_per_second": last["samples_per_second"],
        "losses": {name: last[name] for name in last["losses"]},
        **warned,
    }


def configured(method: "Method[Any]", config: Any, args: argparse.Namespace) -> Any:
    """Return a config with the flags that were given; raises InputError on one that has no effect in it."""
    changed = apply_flags(config, args)
    method.refuse_without_effect(changed, [name for name in vars(config) if getattr(args, name, None) is not None])
    return changed


def bar(steps: Iterator[int], total: int) -> Iterator[int]:
    """Show how far a training is."""
    return progress(steps, "training", total)
