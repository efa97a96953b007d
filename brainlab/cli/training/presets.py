"""`brainlab presets [NAME]`: what can be trained."""

import argparse
from typing import Any

from brainlab.counted import parameters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one preset, with all its settings")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.errors import InputError
    from brainlab.experiments.presets import describe_preset
    from brainlab.runs.methods import find_preset, presets

    found: list[dict[str, Any]] = []
    broken: list[str] = []
    for name in presets() if args.name is None else [args.name]:
        try:
            found.append(describe_preset(name))
        except InputError as error:
            if args.name is not None:
                raise
            broken.append(str(error))
    lines = [*map(_line, found), *(f"not usable: {reason}" for reason in broken)]
    if args.name:
        where = find_preset(args.name)[1].published_in
        lines += [f"  in the {where}: {found[0]['paper_budget']}"] if found[0]["paper_budget"] else []
        lines += [f"  {name}: {value}" for name, value in found[0]["settings"].items()]
    return {"presets": found, "broken": broken, "lines": lines}


def _line(entry: dict[str, Any]) -> str:
    from brainlab.experiments.presets import images_in_words

    parts = [
        entry["method"],
        images_in_words(entry),
        parameters(sum(entry["parameters"].values())),
        entry["paper"],
    ]
    parts += [f"made for {entry['recipe']}"] if entry["recipe"] else []
    parts += [f"conditions {' '.join(entry['conditions'])}"] if entry["conditions"] else []
    parts += ["a trained run ships"] if entry["ships"] else []
    return f"{entry['name'].ljust(18)} {', '.join(filter(None, parts))}"
