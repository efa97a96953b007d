"""Evaluated runs of the DWI paper's presets, without any training."""

import json
import shutil

import pytest

from brainlab.runs.run import load_run

MEASURED = {
    "dataset_similarity": 0.06,
    "isd": 0.03,
    "minimum_isd": 0.004,
    "sharpness_generated": 300.0,
    "mse": 0.005,
    "sharpness_reconstructed": 400.0,
    "dataset_similarity_real": 0.05,
    "isd_real": 0.045,
    "minimum_isd_real": 0.006,
    "sharpness_real": 1500.0,
}


def evaluation_of(changes=None, **settings):
    """Return an evaluation; changes: by metric, what differs in its entry, or None to leave it out."""
    found = {}
    for name, value in MEASURED.items():
        sharp = {"range": [0, 255.0], "stencil": "2D"} if name.startswith("sharpness") else {}
        common = {"data": "held-out", "data_sha256": "a" * 64, "shape": [128, 128], "real_scans": 50, "generated": 40}
        entry = {"value": value, "sd": value / 2, "n": 40, "better": "none"}
        entry["settings"] = {**common, "seed": 0, **sharp, **settings}
        found[name] = entry
    for name, change in (changes or {}).items():
        if change is None:
            del found[name]
        else:
            found[name]["settings"] |= change.pop("settings", {})
            found[name] |= change
    return found


@pytest.fixture
def make_run(tiny_workspace, tmp_path):
    """Return what makes a run of a preset's name, with an evaluation where one is given."""

    def make(name, preset, evaluation=None):
        folder = tmp_path / "runs" / name
        shutil.copytree(tiny_workspace / "runs" / "tiny-vae", folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps({**config, "preset": preset}), encoding="utf-8")
        if evaluation is not None:
            (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
        return load_run(folder)

    return make
