"""`brainlab study plan KIND --areas A B`: how many readers and cases a comparison needs."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError

if TYPE_CHECKING:
    from brainlab.reading.statistics.paired.planner import PairedPlan

SUMMARY = "readers and cases for a wanted power or precision of a comparison"
KINDS = ("sources", "conditions", "machine")
POWER = 0.8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "kind",
        choices=KINDS,
        help="two sources of fakes beside the same real cases; the same cases under two conditions; or a machine (its "
        "area first) and the mean of the readers",
    )
    parser.add_argument(
        "--areas", nargs=2, type=float, required=True, metavar=("A", "B"), help="the two ROC areas that are expected"
    )
    parser.add_argument(
        "--power", type=float, help=f"wanted power at 5%%, two-sided ({POWER} if neither it nor --width is given)"
    )
    parser.add_argument("--width", type=float, help="wanted full width of the 95%% interval of the difference")
    parser.add_argument(
        "--readers", nargs="+", type=int, metavar="R", help="numbers of readers (default: 2 3 4 5 6 8 10)"
    )
    parser.add_argument("--real", type=int, help="real cases: show what so many give, instead of looking for a size")
    parser.add_argument(
        "--fakes-per-real", type=float, default=1.0, help="generated cases (of each source) per real case (default: 1)"
    )
    parser.add_argument(
        "--reader-sd",
        type=float,
        default=0.03,
        help="standard deviation, over readers, of the true difference (default: 0.03)",
    )
    parser.add_argument(
        "--correlation", type=float, default=0.5, help="of two readers' scores of one case (default: 0.5)"
    )
    parser.add_argument(
        "--again", type=float, help="correlation of a reader's two scores of a case, for 'conditions' (default: 0.7)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.reading.statistics.paired.planner import READERS, PairedDesign, expect, smallest_study

    if args.again is not None and args.kind != "conditions":
        raise InputError(f"--again: is for 'conditions', got {args.kind!r}; leave it out")
    if args.real is not None and (args.power is not None or args.width is not None):
        raise InputError("--real: shows power and width of so many cases; leave --power and --width out")
    design = PairedDesign(
        kind=args.kind,
        first=args.areas[0],
        second=args.areas[1],
        correlation=args.correlation,
        again=0.7 if args.again is None else args.again,
        reader_sd=args.reader_sd,
        fakes_per_real=args.fakes_per_real,
    )
    power = POWER if args.power is args.width is args.real is None else args.power
    plans: list[tuple[int, PairedPlan | None]] = []
    for readers in args.readers or READERS:
        if args.real is not None:
            plans.append((readers, expect(design, readers, args.real)))
        else:
            plans.append((readers, smallest_study(design, readers, power=power, width=args.width)))
    return {
        "design": asdict(design),
        "wanted": {"power": power, "width": args.width},
        "plans": [asdict(plan) if plan else {"readers": readers, "real": None} for readers, plan in plans],
        "lines": [_line(readers, plan, args.kind) for readers, plan in plans],
    }


def _line(readers: int, plan: "PairedPlan | None", kind: str) -> str:
    from brainlab.reading.statistics.paired.planner import MOST

    if plan is None:
        return f"{readers} readers: not with {MOST} real cases"
    fakes = f"{plan.fake} generated of each source" if kind == "sources" else f"{plan.fake} generated"
    return (
        f"{readers} readers: {plan.real} real and {fakes} ({plan.cases} cases): power {plan.power:.2f}, 95% interval "
        f"{plan.width:.3f} wide"
    )
