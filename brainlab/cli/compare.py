"""`brainlab compare RUN OTHER`: the difference of two runs in every metric, with its interval."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.counted import counted
from brainlab.ranges import number

if TYPE_CHECKING:
    from brainlab.experiments.evaluation.compare_runs import Difference

READ = (
    "difference: RUN less OTHER, with its 95% interval, of one metric alone. *: the better one, where the interval "
    "excludes 0 and the metric has a direction."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="a run that 'brainlab evaluate' has measured")
    parser.add_argument("other_folder", type=Path, metavar="OTHER", help="another, measured on the same scans")
    parser.add_argument("--seed", type=number("seed", int), default=0, help="of the resampling (default 0)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.evaluation.compare_runs import compare_runs, compared_by
    from brainlab.runs.run import load_run

    found = compare_runs(load_run(args.run_folder), load_run(args.other_folder), seed=args.seed)
    found.refuse_nothing()
    return {
        "run": str(args.run_folder),
        "other": str(args.other_folder),
        "metrics": {difference.metric: difference.to_json() for difference in found.differences},
        "gaps": list(found.gaps),
        "settings": compared_by(args.seed),
        "lines": [*_lines(found.differences), *(f"note: {gap}" for gap in found.gaps), READ],
    }


def _lines(found: Iterable["Difference"]) -> list[str]:
    return [f"{one.metric.rjust(26)}  {_figures(one)}" for one in found]


def _figures(one: "Difference") -> str:
    if one.difference is None:
        return f"not compared: {one.reason}"
    marks = ["*" if one.lead == side else "" for side in ("run", "other")]
    values = f"{one.value:.4g}{marks[0]} against {one.other:.4g}{marks[1]}, difference {one.difference:+.3g}"
    if one.low is None or one.high is None:
        return f"{values} ({one.reason})"
    whom = f", {counted(one.people, 'person', 'people')}" if one.people is not None else ""
    return f"{values} ({one.low:+.3g} to {one.high:+.3g}), n={one.n}{whom}, better: {one.better}"
