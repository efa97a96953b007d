"""The card of a run: what it is, how to make it again, how well it does, and where it fails."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainlab.cohort.origin import STARTED_FROM, training_origin
from brainlab.counted import counted
from brainlab.evaluation.registry import metrics
from brainlab.images.grid import Grid
from brainlab.runs.files import EVALUATION, WEIGHTS, RunSettings, read_evaluation, read_settings
from brainlab.runs.methods import presets
from brainlab.runs.training_command import STOP, training_command
from brainlab.training.checkpoint import MetricsFile, write_atomically

SHA_DIGITS = 16
"""Of a feature network's hash, as its name shows it."""


def write_card(folder: Path) -> None:
    """Write `card.md` from the run's `config.json`, `metrics.jsonl` and, where there is one, `evaluation.json`.

    An evaluation of other weights is left out, as that of a run which was trained on since. A file `notes.md` in the
    folder, written by whoever trained the run, is carried into the card. Before the end of its first epoch a run has no
    card.
    """
    if not (epochs := [line for line in MetricsFile(folder).lines() if line["kind"] == "epoch"]):
        return
    settings = read_settings(folder, to_resume=True)
    text = _card(settings, epochs[-1], _evaluation(folder), _notes(folder / "notes.md"))
    write_atomically(folder / "card.md", lambda path: path.write_text(text, encoding="utf-8"))


def _evaluation(folder: Path) -> dict[str, Any] | None:
    """Return the evaluation of the weights in a run's folder; None where there is none of these."""
    if not (folder / EVALUATION).is_file():
        return None
    found = read_evaluation(folder / EVALUATION)
    weights = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    measured = {entry.get("settings", {}).get("run_sha256", weights) for entry in found.values()}
    return found if measured <= {weights} else None


def _card(kept: RunSettings, last: dict[str, Any], evaluation: dict[str, Any] | None, notes: str) -> str:
    settings = kept.values
    data, training = settings["data"], settings["training"]
    grid = Grid.recorded(tuple(settings["shape"]), settings)
    scans = training_origin(settings)
    kind = scans if grid.plane is None else f"slices of {scans}"
    classes = ", ".join(f"{count} {name}" for name, count in data["classes"].items())
    minutes = last["seconds"] / 60
    planned = f"{last['epoch']} of the {counted(kept.schedule.epochs, 'epoch')} of its schedule"
    # Runs of older versions do not say which split the diagnostics looked at.
    known = {"test": "not used for training", "train": "used for training, because none were held out"}
    watched = known[data.get("watched_split", "test")]
    lines = [
        f"# {settings['preset']}",
        "",
        f"**Trained on {kind}.** {kept.method.title} {_with_codes(kept)}for {grid}.",
        "",
        "## How it was made",
        "```",
        training_command(kept),
        "```",
        f"- Data: `{data['name']}`, training split of {counted(data['scans'], _noun(settings['recipe']))} of "
        f"{counted(len(data['participants']), 'participant')}"
        f" ({classes}); sha256 `{data['sha256'][:16]}`.",
        *_starts(settings.get(STARTED_FROM, [])),
        *_changes(settings.get("resumed", [])),
        f"- Seed {settings['seed']}, {planned}, {last['step']} steps, {minutes:.0f} minutes at "
        f"{last['samples_per_second']:.0f} {grid.noun}s a second on {training['hardware']} "
        f"({training['threads']} threads), precision {training['precision']}.",
        f"- {last['step'] * kept.schedule.batch_size:,} images shown{_budget(settings['preset'])}.",
        f"- brainlab {settings['versions']['brainlab']}, torch {settings['versions']['torch']}.",
        "",
        "## Settings",
        *[f"- {name}: {_plain(value)}" for name, value in {**vars(kept.config), **vars(kept.schedule)}.items()],
        "",
        f"## At the end of training, on {grid.noun}s {watched}",
        *_end_of_training(last, kept),
        "",
        *_scores(evaluation, last.get("feature_network", "none"), grid.noun),
        *([notes, ""] if notes else []),
        "## Limits",
        f"- Trained on {kind}{_of_one_kind(settings)}. It does not represent a clinical population, and its "
        "images are no evidence about patients.",
        f"- Sharpness is the variance of the {len(settings['shape'])}D Laplacian, which also counts noise.",
        "",
        "## Licence",
        "BSD-3-Clause, as the code.",
    ]
    return "\n".join(lines) + "\n"


def _noun(record: Mapping[str, Any]) -> str:
    """Return what one image is called that a recipe's or a run's record describes: a run cuts slices from scans."""
    return Grid.recorded(tuple(record["shape"]), record).noun


def _budget(name: str) -> str:
    """Say how long the paper or the thesis trained, where a preset of that name is known and its source says."""
    preset = presets().get(name)
    return f"; in the {preset.published_in}, {preset.budget}" if preset and preset.budget else ""


def _with_codes(kept: RunSettings) -> str:
    """Say how long a code is, where it is a vector of a length that the config names."""
    latent = getattr(kept.config, "latent_dim", None)
    return f"with {latent} latent dimensions " if latent else ""


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and any(map(dataclasses.is_dataclass, value)):
        return ", ".join(map(str, value))
    return list(value) if isinstance(value, tuple) else value


def _end_of_training(last: dict[str, Any], kept: RunSettings) -> list[str]:
    """Return a line for each thing that the last epoch measured; a method without encoder has no reconstruction."""
    real, lines = last["sharpness_real"], []
    if "sharpness_synthesised" in last:
        return [
            f"- Synthesis of patches, in z-scores: mean squared error {last['held_out_mse']:.4f} (of the target's mean "
            f"everywhere: {last['held_out_mse_of_mean']:.4f}), mean absolute error {last['held_out_l1']:.4f}.",
            f"- Sharpness {_share(last['sharpness_synthesised'], real)} of that of the true patches.",
        ]
    if "held_out_mse" in last:
        lines.append(
            f"- Reconstruction: mean squared error {last['held_out_mse']:.5f}, "
            f"sharpness {_share(last['sharpness_reconstructed'], real)} of real."
        )
    lines.append(
        f"- Samples: sharpness {_share(last['sharpness_generated'], real)} of real, "
        f"spread {_share(last['spread_generated'], last['spread_real'])} of real."
    )
    if "feature_network" in last:
        lines.append(f"- **Images were compared by the features of {last['feature_network']}.**")
    if "active_units" in last:
        lines.append(
            f"- Code: {last['active_units']} of {len(last['kl_per_dimension'])} dimensions active (KL above 0.01 "
            f"nats), {last['held_out_kl']:.0f} nats in all."
        )
    return lines


def _scores(evaluation: dict[str, Any] | None, trained_by: str = "none", noun: str = "scan") -> list[str]:
    """Return a table of the metrics that `brainlab evaluate` wrote: known ones by the registry, others by their key.

    Below it stands what their values depend on: the range of images, feature networks, and how many samples are copies.
    trained_by: the feature network that the run's training compared images by.  noun: of one image.
    """
    if not evaluation:
        return []
    known = metrics()
    table = []
    for name in sorted(evaluation, key=lambda name: list(known).index(name) if name in known else len(known)):
        entry = evaluation[name]
        if entry.get("value") is not None:
            # The registry's titles say scan for any image.
            title = f"{known[name].title.replace('scan', noun)} (`{name}`)" if name in known else f"`{name}`"
            spread = f"{_number(entry.get('low'))} to {_number(entry.get('high'))}" if "low" in entry else ""
            figures = f"{_number(entry['value'])} | {spread} | {_number(entry.get('sd'))} | {entry.get('n', '')}"
            table.append(f"| {title} | {figures} | {entry.get('better', '')} |")
    if not table:
        return []
    head = ["## Scores", "| metric | value | 95% interval | sd | n | better |", "|---|---|---|---|---|---|"]
    return [*head, *table, "", *_depends(evaluation, trained_by, noun)]


def _depends(evaluation: dict[str, Any], trained_by: str, noun: str) -> list[str]:
    """Return a line for each thing that the scores depend on, and the copies among the samples.

    trained_by: the feature network that the run's training compared images by.  noun: of one image.
    """
    settings = [entry.get("settings", {}) for entry in evaluation.values()]
    lines = []
    if ranges := [found["value_range"] for found in settings if "value_range" in found]:
        low, high = ranges[0]
        lines.append(f"- Images are in [{low}, {high}] unless a metric's settings in `evaluation.json` say otherwise.")
    for name, sha256 in {
        (found["features"], found["features_sha256"]) for found in settings if "features_sha256" in found
    }:
        own = sha256[:SHA_DIGITS] in trained_by
        flattered = ", by which the run was trained, too, so that they flatter it" if own else ""
        lines.append(f"- Tissue features: {name}{flattered}.")
    for network in dict.fromkeys(found["network"] for found in settings if "network" in found):
        lines.append(f"- Regions were labelled by {network}.")
    copies = next((found for found in settings if "share_copies" in found), None)
    if copies:
        lines.append(
            f"- Copies of training {noun}s: {_number(copies['share_copies'])} of the samples, and "
            f"{_number(copies['share_copies_held_out'])} of held-out {noun}s, by the same measure. Nearer to a "
            f"training {noun} than 99% of held-out {noun}s are: "
            f"{_number(copies['share_below_first_percentile_of_held_out'])}."
        )
    return [*lines, ""] if lines else []


def _of_one_kind(settings: Mapping[str, Any]) -> str:
    """Say that all scans are of one grid and contrast, which is not known of the scans of earlier runs."""
    return "" if settings.get(STARTED_FROM) else " of one grid and one contrast"


def _starts(started_from: list[dict[str, Any]]) -> list[str]:
    """Say which run's weights the training began with, and what each run before had learned."""
    return [
        f"- {'Began with' if number == 0 else 'These began with'} the weights of `{start['run']}` (sha256 "
        f"`{start['weights'][:16]}`), trained on {counted(start['data'].get('scans', 0), 'scan')} of "
        f"`{start['data'].get('name', 'unknown')}`."
        for number, start in enumerate(started_from)
    ]


def _changes(resumed: list[dict[str, Any]]) -> list[str]:
    """Say which settings were changed when the run was resumed, so that the command above is not all of its story.

    When it was to end is in the command.
    """
    return [
        f"- Resumed after step {entry['step']} with {name} {after} in place of {before}."
        for entry in resumed
        for name, (before, after) in entry["changes"].items()
        if name != STOP
    ]


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.2f}" if whole else "undefined"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""


def _notes(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
