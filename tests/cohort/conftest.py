"""Small BIDS datasets in template space, and brains without a scalp, made from the template."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from brainlab.cohort.template import grid_affine, mni_template
from brainlab.images.volume import Volume

SIZE_MM = 4


def coarse_brain() -> np.ndarray:
    """The template's brain at 4 mm, [45, 54, 45], up to 1000."""
    data = mni_template().data[:180, :216, :180]
    return (data.reshape(45, 4, 54, 4, 45, 4).mean(axis=(1, 3, 5)) * 1000).astype(np.float32)


@pytest.fixture(scope="session")
def brain_volume() -> Volume:
    """A stripped brain in template space at 4 mm."""
    return Volume(coarse_brain(), grid_affine(SIZE_MM))


@pytest.fixture
def make_dataset(tmp_path: Path, brain_volume: Volume) -> Callable[..., Path]:
    """Return a function that writes `count` people with one FLAIR each, in template space."""

    def make(count: int = 4, name: str = "bids", sidecar: Mapping[str, Any] | None = None) -> Path:
        root = tmp_path / name
        root.mkdir()
        (root / "dataset_description.json").write_text(
            json.dumps({"Name": name, "BIDSVersion": "1.9.0"}), encoding="utf-8"
        )
        rows = ["participant_id\tage\tsex\tclass"]
        for number in range(count):
            person = f"sub-{number:02d}"
            folder = root / person / "anat"
            folder.mkdir(parents=True)
            noise = np.random.default_rng(number).normal(0, 5, brain_volume.data.shape) * (brain_volume.data > 0)
            scan = Volume((brain_volume.data + noise).astype(np.float32), brain_volume.affine)
            scan.save(folder / f"{person}_FLAIR.nii.gz")
            values = {
                "SkullStripped": True,
                "SpatialReference": "MNI152",
                "EchoTime": 0.1 + 0.01 * (number % 2),
                "RepetitionTime": 9,
                **(sidecar or {}),
            }
            (folder / f"{person}_FLAIR.json").write_text(json.dumps(values), encoding="utf-8")
            rows.append(f"{person}\t{30 + number}\t{'FM'[number % 2]}\t{('healthy', 'ms')[number % 2]}")
        (root / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return root

    return make


@pytest.fixture(scope="session")
def whole_head() -> Volume:
    """A head at 4 mm: the template's brain in a dark skull and a bright scalp, with a neck, in noisy air."""
    edge = 8
    brain = np.pad(coarse_brain(), edge)
    distance_mm = ndimage.distance_transform_edt(brain == 0) * SIZE_MM
    data = np.select([distance_mm == 0, distance_mm <= 8, distance_mm <= 16], [brain, 60, 700], 0)
    data[24:36, 24:40, :edge] = 500
    noise = np.random.default_rng(0).normal(0, 12, (2, *data.shape))
    affine = grid_affine(SIZE_MM)
    affine[:3, 3] -= edge * SIZE_MM
    return Volume(np.hypot(data + noise[0], noise[1]).astype(np.float32), affine)
