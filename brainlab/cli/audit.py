"""`brainlab audit`: describe a prepared dataset."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brainlab.cohort.audit import Audit
    from brainlab.cohort.prepared import PreparedDataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prepared", type=Path, help="a prepared dataset")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.audit import audit
    from brainlab.cohort.prepared import PreparedDataset

    dataset = PreparedDataset.open(args.prepared)
    found = audit(dataset)
    classes = {str(name): _plain(row.to_dict()) for name, row in found.classes.iterrows()}
    acquisition = {
        str(name): {column: _plain(group[column].describe().to_dict()) for column in group.columns if column != "class"}
        for name, group in found.acquisition.groupby("class", sort=False)
    }
    return {
        "simulated": dataset.simulated,
        "scans": len(dataset),
        "classes": classes,
        "mean_image_sharpness": found.mean_image_sharpness,
        "scan_sharpness": found.scan_sharpness,
        "confound_score": found.confound.score if found.confound else None,
        "confound_chance": found.confound.chance if found.confound else None,
        "confound_columns": list(found.confound.columns) if found.confound else [],
        "acquisition": acquisition,
        "warnings": list(found.warnings),
        "text": _text(dataset, found),
    }


def _plain(values: dict[Any, Any]) -> dict[str, Any]:
    """Turn numbers into what JSON can hold: counts whole, missing ones null."""
    return {
        str(name): None if not math.isfinite(value) else int(value) if float(value).is_integer() else float(value)
        for name, value in values.items()
    }


def _text(dataset: "PreparedDataset", found: "Audit") -> str:
    lines = [f"{len(dataset)} {'SIMULATED ' if dataset.simulated else ''}scans, {dataset.recipe['name']}", ""]
    lines.append(found.classes.round(1).to_string())
    lines.append("")
    lines.append(f"sharpness: mean image {found.mean_image_sharpness:.4g}, scans {found.scan_sharpness:.4g}")
    if found.confound is not None:
        score, chance = found.confound.score, found.confound.chance
        lines.append(f"class from acquisition alone: balanced accuracy {score:.3f} (chance {chance:.3f})")
    return "\n".join([*lines, *(f"warning: {text}" for text in found.warnings)])
