"""A workspace with runs that translate, of noise and of scans, and the scans of a visit as files."""

import gzip
import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from safetensors.torch import load_file, save_file

from brainlab.cohort.template import mni_template
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.runs.files import CONFIG, WEIGHTS
from brainlab.translation.linear import LinearConfig

SEQUENCES = {"inputs": ("T1w", "T2w"), "target": "FLAIR", "kernel": 1}
LPS = "LPS"


def build_translating_workspace(tiny_workspace: Path, workspace: Path) -> None:
    """Fill an empty folder.

    Cohorts: the tiny one, and `sequences` of noise, of which row 4 is held out. Runs: `tiny-vae`; `linear`, the mean of
    T1w and T2w, which is the truth; `uneven`, with three times as much of T1w as of T2w; `for-scans`, the mean as if it
    had learned from scans prepared by flair-synthesis.
    """
    for place, name in (("cohorts", "simulated"), ("runs", "tiny-vae")):
        (workspace / place).mkdir()
        (workspace / place / name).symlink_to(tiny_workspace / place / name)
    config = LinearConfig(patch=(8, 8, 8), **SEQUENCES)
    data = noise_of_sequences(config, workspace / "cohorts" / "sequences", 4)
    train("flair-linear", data, workspace / "runs" / "linear", config=config)
    uneven = shutil.copytree(workspace / "runs" / "linear", workspace / "runs" / "uneven") / WEIGHTS
    weights = load_file(uneven)
    weights["weights.weight"] *= torch.tensor([1.5, 0.5]).reshape(1, 2, 1, 1, 1)
    save_file(weights, uneven)
    scans = workspace / "runs" / "for-scans"
    train("flair-linear", data, scans, config=LinearConfig(patch=(96, 96, 40), **SEQUENCES))
    settings = json.loads((scans / CONFIG).read_text(encoding="utf-8"))
    settings["recipe"]["name"] = "flair-synthesis"
    (scans / CONFIG).write_text(json.dumps(settings), encoding="utf-8")


def scans_of_a_visit() -> dict[str, bytes]:
    """Return the files of T1w and T2w of the template's brain at 4 mm; their axes go to the left, back and up."""
    brain, affine = mni_template().data[::4, ::4, ::4], mni_template().affine @ np.diag([4, 4, 4, 1])
    values = 200 * brain / brain.max()
    turned = nib.orientations.ornt_transform(*(nib.orientations.axcodes2ornt(axes) for axes in ("RAS", LPS)))
    images = {"T1w": values, "T2w": np.where(values > 0, 50 + values / 2, 0)}
    return {
        name: gzip.compress(nib.Nifti1Image(image.astype(np.float32), affine).as_reoriented(turned).to_bytes())
        for name, image in images.items()
    }
