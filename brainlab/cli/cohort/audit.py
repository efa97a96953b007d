"""`brainlab audit`: describe a prepared dataset."""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError

if TYPE_CHECKING:
    from brainlab.cohort.checks.audit import Audit
    from brainlab.cohort.prepared import PreparedDataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prepared", type=Path, help="a prepared dataset")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.checks.audit import audit
    from brainlab.cohort.prepared import PreparedDataset

    dataset = PreparedDataset.open(args.prepared)
    found = audit(dataset)
    classes = {str(name): _plain(row.to_dict()) for name, row in found.classes.iterrows()}
    acquisition = {
        str(name): {column: _plain(group[column].describe().to_dict()) for column in group.columns if column != "class"}
        for name, group in found.acquisition.groupby("class", sort=False)
    }
    realism, lines = _realism(dataset)
    return {
        "simulated": dataset.simulated,
        "generated": dataset.origin.generated,
        "scans": len(dataset),
        "classes": classes,
        "mean_image_sharpness": found.mean_image_sharpness,
        "scan_sharpness": found.scan_sharpness,
        "confound_score": found.confound.score if found.confound else None,
        "confound_chance": found.confound.chance if found.confound else None,
        "confound_columns": list(found.confound.columns) if found.confound else [],
        "acquisition": acquisition,
        "realism": realism,
        "warnings": list(found.warnings),
        "lines": [*_lines(dataset, found), *lines],
    }


def _plain(values: dict[Any, Any]) -> dict[str, Any]:
    """Turn numbers into what JSON can hold: counts whole, missing ones null."""
    return {
        str(name): None if not math.isfinite(value) else int(value) if float(value).is_integer() else float(value)
        for name, value in values.items()
    }


def _lines(dataset: "PreparedDataset", found: "Audit") -> list[str]:
    marks = {"SIMULATED ": dataset.simulated, "GENERATED ": dataset.origin.generated}
    mark = "".join(word for word, there in marks.items() if there)
    lines = [f"{len(dataset)} {mark}{dataset.noun}, {dataset.recipe['name']}", ""]
    one = dataset.grid.noun
    lines += found.classes.round(1).rename(columns=lambda name: name.replace("scan", one)).to_string().split("\n")
    lines.append("")
    lines.append(f"sharpness: mean image {found.mean_image_sharpness:.4g}, {one}s {found.scan_sharpness:.4g}")
    if found.confound is not None:
        score, chance = found.confound.score, found.confound.chance
        lines.append(f"class from acquisition alone: balanced accuracy {score:.3f} (chance {chance:.3f})")
    return [*lines, *(f"warning: {text}" for text in found.warnings)]


def _realism(dataset: "PreparedDataset") -> tuple[dict[str, Any] | None, list[str]]:
    """Return the figures of realism and those of real scans by sequence, and the lines that show them side by side.

    None and the reason where the volumes are not those of recipe flair-40.
    """
    from brainlab.cohort.checks import realism

    try:
        measured = realism.measure(dataset)
    except InputError as error:
        return None, ["", str(error)]
    found: dict[str, Any] = {}
    lines: list[str] = []
    for name, one in measured.items():
        rows = realism.beside_real(name, one)
        found[name] = {"people": one.people, "of": one.of, "figures": [dataclasses.asdict(row) for row in rows]}
        lines += [
            "",
            f"{name} of {one.people} {one.of}, beside scans of patients (multiple sclerosis; stroke for dwi, ADC)",
        ]
        lines.append(f"{'figure':26} {'here':>9} {'real':>9} {'sd':>7}")
        lines += [
            f"{row.name:26} {_number(row.here):>9} {_number(row.real):>9} {_number(row.real_sd):>7}" for row in rows
        ]
    return found, lines


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.4g}"
