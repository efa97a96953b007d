"""`brainlab presets [NAME]`: what can be trained."""

import argparse
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one preset, with all its settings")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.presets import describe_preset
    from brainlab.runs.methods import find_preset, presets

    if args.name is not None:
        find_preset(args.name)
    found = [describe_preset(name) for name in ([args.name] if args.name else presets())]
    lines = [_line(entry) for entry in found]
    if args.name:
        lines += [f"  {name}: {value}" for name, value in found[0]["settings"].items()]
    return {"presets": found, "text": "\n".join(lines)}


def _line(entry: dict[str, Any]) -> str:
    size = " x ".join(map(str, entry["sample_shape"][1:]))
    count = sum(entry["parameters"].values())
    ships = ", a trained run ships" if entry["ships"] else ""
    return (
        f"{entry['name'].ljust(16)} {entry['method']}, {size}, codes of {entry['latent_dim']}, "
        f"{count / 1e6:.1f} M parameters, {entry['paper']}{ships}"
    )
