"""`brainlab saliency RUN PREPARED OUT`: on which of its inputs a translating run's error depends, and where."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.cli.common.split import add_split

if TYPE_CHECKING:
    from brainlab.runs.run import Run

MEANING = {
    "error": "gradient of the norm of true less synthesised {target}",
    "output": "gradient of the norm of synthesised {target}, as the dataset has no true one",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("prepared", type=Path, metavar="PREPARED", help="a prepared dataset with the run's inputs")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for a NIfTI of each visit and input sequence")
    add_split(parser, "which scans")
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.export import whole_folder
    from brainlab.experiments.synthesis.saliency import has_target
    from brainlab.experiments.synthesis.whole_scans import refuse_other_scans, rows_of_split
    from brainlab.runs.run import load_run

    chosen, data = load_run(args.run_folder, args.device), PreparedDataset.open(args.prepared)
    refuse_other_scans(chosen, data)
    rows = rows_of_split(chosen, data, args.split)
    visits: list[dict[str, Any]] = []
    with whole_folder(args.out, "brainlab saliency", overwrite=args.overwrite) as scratch:
        names = [path.name for path in _maps(chosen, data, rows.tolist(), scratch, visits)]
    shares = [visit["contributions"] for visit in visits if visit["contributions"] is not None]
    mean = {name: float(np.mean([each[name] for each in shares])) for name in chosen.config.inputs} if shares else None
    of = "error" if has_target(chosen, data) else "output"
    lines = [f"{visit['file']}  {_shares(visit['contributions'])}" for visit in visits]
    return {
        "files": [str(args.out / name) for name in names],
        "of": of,
        "over": "brain" if data.segmentations is not None else "whole image",
        "simulated": data.simulated,
        "contributions": mean,
        "visits": visits,
        "lines": [
            MEANING[of].format(target=chosen.config.target),
            *lines,
            f"mean  {_shares(mean)}",
            written(names, args.out),
        ],
    }


def _maps(chosen: "Run", data: Any, rows: Sequence[int], scratch: Path, visits: list[dict[str, Any]]) -> Iterator[Path]:
    """Write the maps of some rows, and add what each input contributes to `visits`."""
    import pandas as pd

    from brainlab.experiments.export import save_image, scan_name
    from brainlab.experiments.synthesis.saliency import saliency_of_row
    from brainlab.runs.image_provenance import made_by

    inputs = chosen.config.inputs
    for row in progress(rows, "saliency", len(rows)):
        found, scan = saliency_of_row(chosen, data, row), data.scans.iloc[row]
        name = scan_name(scan, row)
        for sequence, image in zip(inputs, found.maps, strict=True):
            told = {"input": sequence, "target": chosen.config.target, "of": found.of, "recipe": data.recipe["name"]}
            said = made_by(chosen, "saliency", settings=told)
            yield save_image(image, data.grid, scratch / f"{name}_saliency-{sequence}", said)
        shares = None if found.contributions is None else dict(zip(inputs, found.contributions, strict=True))
        session = None if pd.isna(scan["session"]) else str(scan["session"])
        visits.append(
            {"file": name, "participant": str(scan["participant"]), "session": session, "contributions": shares}
        )


def _shares(shares: Mapping[str, float] | None) -> str:
    if shares is None:
        return "no gradient anywhere"
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
