"""The card of a tissue network: what it labels, how to make it again, how well it does, and where it fails."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainlab.counted import counted
from brainlab.files.whole import write_whole
from brainlab.networks.perceptual.tissue_features import FEATURES_PLANE
from brainlab.networks.perceptual.tissue_folder import TissueSettings

FEATURES = " Its encoder's features compare images."

SIMULATED = (
    "- Simulated tissue is what the simulator's equations make of it: distances in these features are no evidence "
    "about patients."
)


def write_tissue_card(folder: Path, settings: TissueSettings) -> None:
    """Write `card.md` from what `config.json` says of a network that `train_tissue` trained."""
    write_whole(folder / "card.md", "\n".join(_lines(settings)) + "\n")


def _lines(settings: TissueSettings) -> list[str]:
    notes = settings.notes
    kinds = {"simulated scans" if data["simulated"] else "real scans" for data in notes["datasets"]}
    trained_on = " and ".join(sorted(kinds))
    sizes = ", ".join(sorted({" x ".join(map(str, data["sides"])) for data in notes["datasets"]}))
    return [
        "# Tissue network",
        "",
        f"**Trained on {trained_on}.** A small U-Net (widths {', '.join(map(str, settings.widths))}) that labels "
        f"{settings.plane} slices of one sequence, and volumes slice by slice: {', '.join(settings.labels[1:])}."
        f"{FEATURES if settings.plane == FEATURES_PLANE else ''}",
        "",
        "## How it was made",
        "```",
        notes["command"] or "train_tissue, called from Python",
        "```",
        *(_data(data) for data in notes["datasets"]),
        f"- Seed {notes['seed']}, {notes['epochs_done']} of {counted(notes['epochs'], 'epoch')}, batches of "
        f"{notes['batch_size']} "
        f"slices, Adam {notes['learning_rate']:g} falling to 0, Dice loss and cross-entropy; {notes['minutes']:.1f} "
        f"minutes at {notes['slices_per_second']:.0f} slices a second on {notes['hardware']}.",
        f"- {', '.join(f'{name} {number}' for name, number in notes['versions'].items())}.",
        "",
        "## Dice on participants not used for training",
        *_table(settings.labels[1:], notes["dice"]),
        "",
        "A coefficient is of all slices of a scan together; the mean over scans with the label, and their number.",
        "",
        "## Limits",
        f"- Trained on {trained_on} of these contrasts and sizes alone ({sizes} pixels); of another contrast, plane or "
        "resolution neither labels nor features mean much.",
        *([SIMULATED] if settings.simulated else []),
        "- It labels slice by slice and knows nothing of the slices above and below.",
        "",
        "## Licence",
        "BSD-3-Clause, as the code.",
    ]


def _data(data: Mapping[str, Any]) -> str:
    kind, train, test = "simulated" if data["simulated"] else "real", data["train"], data["test"]
    return (
        f"- `{data['name']}` ({kind}, {', '.join(data['modalities']) or 'sequence not named'}): trained on "
        f"{_amount(train)}; held out {_amount(test)}. sha256 of images `{data['sha256'][:16]}`, of labels "
        f"`{data['labels_sha256'][:16]}`."
    )


def _amount(counts: Mapping[str, int]) -> str:
    return f"{counted(counts['slices'], 'slice')} (scans: {counts['scans']}, participants: {counts['participants']})"


def _table(labels: tuple[str, ...], dice: Mapping[str, Any]) -> list[str]:
    lines = [f"| label | {' | '.join(dice)} |", f"|---|{'---|' * len(dice)}"]
    for label in labels:
        cells = [
            "undefined" if entry["value"] is None else f"{entry['value']:.3f} ({entry['n']})"
            for entry in (each[label] for each in dice.values())
        ]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return lines
