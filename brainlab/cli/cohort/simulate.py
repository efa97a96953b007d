"""`brainlab simulate`: write a simulated cohort as a BIDS dataset."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brainlab.cli.common.lines import warn
from brainlab.cli.common.progress import progress
from brainlab.cli.common.workers import add_workers, workers_of
from brainlab.counted import counted
from brainlab.simulation.published import CLASSES
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import SCANNERS

SITES = ", ".join(
    f"{site.name} ({site.manufacturer}, {site.field_strength_t:g} T, T1w {site.t1w})" for site in SCANNERS
)
"""What `--help` says of the sites."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="folder of the BIDS dataset; an interrupted simulation is resumed"
    )
    parser.add_argument("--participants", type=int, required=True, metavar="N", help="number of participants")
    parser.add_argument(
        "--seed", type=int, required=True, metavar="S", help="determines every byte; part of the participant ids"
    )
    parser.add_argument(
        "--classes",
        nargs="+",
        metavar="NAME[:WEIGHT]",
        help=f"of {', '.join(CLASSES)}; equally likely unless weighted (default: as in the FLAIR paper's table 1)",
    )
    parser.add_argument(
        "--modalities",
        nargs="+",
        default=["FLAIR"],
        metavar="NAME",
        help=f"sequences of each visit, of {', '.join(SEQUENCES)}; each is counted as a scan (default: FLAIR)",
    )
    parser.add_argument(
        "--acute-stroke",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of people with an acute infarct at their last visit; their class stays, and the truth tells them "
        "(default: 0)",
    )
    parser.add_argument(
        "--space",
        choices=("native", "mni"),
        default="native",
        help="whole heads in scanner space, or skull-stripped on the MNI152 grid (default: native)",
    )
    parser.add_argument("--voxel-size-mm", type=int, choices=(1, 2), default=1, help="of the grid (default: 1)")
    parser.add_argument(
        "--acquisition-bias",
        choices=("seed", "none"),
        default="none",
        help="'seed': other TE, TR and bandwidth for multiple sclerosis, as in the paper (default: none)",
    )
    parser.add_argument(
        "--sites",
        nargs="+",
        default=[],
        metavar="NAME",
        help=f"where people are scanned: {SITES} (default: all)",
    )
    parser.add_argument(
        "--truth",
        choices=("full", "table"),
        default="full",
        help="ground-truth images and volumes, or volumes only, which is faster (default: full)",
    )
    add_workers(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.simulation.cohort import parse_classes, simulate_cohort
    from brainlab.simulation.participant import CohortSettings

    workers = workers_of(args)
    settings = CohortSettings(
        seed=args.seed,
        classes=parse_classes(args.classes) if args.classes else CohortSettings.classes,
        space=args.space,
        voxel_size_mm=args.voxel_size_mm,
        acquisition_bias=args.acquisition_bias,
        modalities=tuple(args.modalities),
        stroke_share=args.acute_stroke,
        sites=tuple(args.sites),
    )

    def track(numbers: Iterable[int], total: int) -> Iterable[int]:
        return progress(numbers, "Simulating", total)

    done = simulate_cohort(args.out, settings, args.participants, truth=args.truth, workers=workers, track=track)
    if done["participants"] > args.participants:
        there = counted(done["participants"], "participant")
        warn([f"{args.out}: {there} there from an earlier call, more than the {args.participants} asked for; all stay"])
    return done
