"""What the explorer's sliders need to know about a run's latent space, gathered once for a run and a cohort."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from app.components import layout
from app.data import resources
from brainlab.experiments.analysis.latent_space import LatentSpace, latent_directions
from brainlab.latent.dimensions import class_histograms
from brainlab.legend import GROUPS, grouped
from brainlab.types import UInt8Array

BINS = 24
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="latent-space")

DIRECTIONS = {
    "ventricle_volume_ml": ("Ventricle volume", "ml"),
    "age_years": ("Age", "years"),
    "mean_intensity": ("Brightness", ""),
    **{f"discriminant axis {k}": (f"Discriminant axis {k}", "sd") for k in (1, 2, 3)},
    **{f"principal axis {k}": (f"Principal axis {k}", "sd") for k in (1, 2, 3, 4)},
}
"""Directions with a slider of their own: name to title and unit."""


@dataclass(frozen=True)
class Histograms:
    """Each group's distribution along every dimension and direction.

    Bytes [latent_dim + directions, groups, BINS], 255 the highest of each row; directions as in DIRECTIONS.
    """

    run: str
    cohort: str
    needs_model: ClassVar[bool] = False

    def array(self) -> UInt8Array:
        found = space(self.run, self.cohort)
        codes, classes, _ = found.everyone()
        known = np.array([label != "" for label in classes])
        labels = grouped([label for label in classes if label])
        names = groups(self.run, self.cohort)
        codes = codes[known]
        low, high = ranges(found)
        rows = [(codes[:, k], float(low[k]), float(high[k])) for k in range(found.encoding.latent_dim)]
        axes = {axis.name: axis for axis in found.axes}
        rows += [(axes[n].position(codes), axes[n].low, axes[n].high) for n in DIRECTIONS if n in axes]
        heights = np.zeros((len(rows), len(names), BINS), dtype=np.float64)
        for number, (values, lowest, highest) in enumerate(rows):
            shares = class_histograms(values, labels, lowest, highest, BINS)
            heights[number] = [shares[name] for name in names]
        top = heights.max(axis=(1, 2), keepdims=True)
        return np.rint(255 * heights / np.where(top > 0, top, 1)).astype(np.uint8)


def space(run: str, cohort: str) -> LatentSpace:
    """Describe a run's latent space by a cohort; kept until either changes."""
    return coming_space(run, cohort).result()


def coming_space(run: str, cohort: str) -> Future[LatentSpace]:
    """Start describing a run's latent space, unless that was done, and return at once."""
    return _coming(run, resources.run(run).sha256, cohort, resources.cohort(cohort).sha256)


def revision(key: str, run: str, cohort: str | None, steps: bytes) -> int:
    """Return a number that goes up whenever a start is new: its code, or the files that its sliders are made from."""
    cohort_sha256 = resources.cohort(cohort).sha256 if cohort else None
    return layout.revision(key, (run, resources.run(run).sha256, cohort, cohort_sha256, steps))


@lru_cache(maxsize=8)
def _coming(run: str, run_sha256: str, cohort: str, cohort_sha256: str) -> Future[LatentSpace]:
    return _worker.submit(lambda: latent_directions(resources.run(run), resources.cohort(cohort)))


def groups(run: str, cohort: str) -> list[str]:
    """Names of the groups that are there: the paper's in its order, then others."""
    present = set(grouped([label for label in space(run, cohort).everyone()[1] if label]))
    known = list(dict.fromkeys(GROUPS.values()))
    return [name for name in known if name in present] + sorted(present - set(known))


def class_note(run: str, cohort: str) -> str | None:
    """Say why there are no discriminant axes, where there are none."""
    found = space(run, cohort)
    if any(axis.name.startswith("discriminant") for axis in found.axes):
        return None
    if not found.means:
        return (
            f"{cohort} has no class labels, so there is no discriminant plane, and dimensions come by how much they "
            "vary; give a table with a class column to 'brainlab prepare' (--table, or --labels COLUMN for "
            "participants.tsv)."
        )
    return f"{cohort} has no discriminant plane: it needs two classes with two participants each in the training split."


def ranges(found: LatentSpace) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value that the sliders offer, a dimension each: [d], [d]; at least one unit either way."""
    table = found.table.sort_values("dimension")
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    return np.minimum(low, -1.25), np.maximum(high, 1.25)


def names(found: LatentSpace) -> dict[str, str]:
    """Say of a dimension what it was found to go with, and how strongly it separates the classes."""
    table = found.table
    said = {str(k): f"F {f:.0f}" for k, f in zip(table["dimension"], table["f"], strict=True) if f >= 1}
    for name, what in found.named.items():
        key = str(what["dimension"])
        said[key] = f"{name} (r {what['r']:+.2f})" + (f", {said[key]}" if key in said else "")
    return said | {str(k): "collapsed" for k in table.loc[~table["active"].astype(bool), "dimension"]}
