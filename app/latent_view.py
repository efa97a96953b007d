"""What the explorer's sliders need to know about a run's latent space, gathered once for a run and a cohort."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from app import layout, resources
from app.codes import from_steps, to_base64, to_steps
from app.routes import decode_path, volume_path
from brainlab.experiments.analysis import LatentSpace, latent_directions
from brainlab.latent.dimensions import class_histograms
from brainlab.legend import GROUPS, grouped
from brainlab.types import FloatArray, UInt8Array

BINS = 24
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="latent-space")

DIRECTIONS = {
    "ventricle_volume_ml": ("Ventricle volume", "ml"),
    "age_years": ("Age", "years"),
    "mean_intensity": ("Brightness", ""),
    "discriminant axis 1": ("Discriminant axis 1", "sd"),
}
"""Directions with a slider of their own: name to title and unit."""


@dataclass(frozen=True)
class Histograms:
    """Each group's distribution along every dimension: bytes [latent_dim, groups, BINS], 255 a dimension's highest."""

    run: str
    cohort: str
    needs_model: ClassVar[bool] = False

    def array(self) -> UInt8Array:
        found = space(self.run, self.cohort)
        known = np.array([label != "" for label in found.labels])
        labels = grouped([label for label in found.labels if label])
        names = groups(self.run, self.cohort)
        heights = np.zeros((found.encoding.latent_dim, len(names), BINS), dtype=np.float64)
        low, high = ranges(found)
        for k in range(found.encoding.latent_dim):
            values = found.encoding.mean[known, k]
            shares = class_histograms(values, labels, float(low[k]), float(high[k]), BINS)
            heights[k] = [shares[name] for name in names]
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
    """Names of the groups in the order of their colours."""
    present = set(grouped([label for label in space(run, cohort).labels if label]))
    known = list(dict.fromkeys(GROUPS.values()))
    return [name for name in known if name in present] + sorted(present - set(known))


def ranges(found: LatentSpace) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value that the sliders offer, a dimension each: [d], [d]; at least one unit either way."""
    table = found.table.sort_values("dimension")
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    return np.minimum(low, -1.25), np.maximum(high, 1.25)


def slider_data(run: str, cohort: str | None, steps: bytes, revision: int) -> dict[str, Any]:
    """Return the data of the explorer component: see explorer.js.

    cohort: whose classes order and annotate the sliders; without one they come by number.
    """
    opened = resources.run(run)
    data: dict[str, Any] = {
        "run": f"{run}:{opened.sha256}",
        "decodeUrl": decode_path(run),
        "shape": list(opened.shape),
        "affine": opened.affine.tolist(),
        "title": run,
        "code": to_base64(steps),
        "revision": revision,
        "order": list(range(opened.latent_dim)),
    }
    low, high = np.full(opened.latent_dim, -3.0), np.full(opened.latent_dim, 3.0)
    if cohort is not None:
        found = space(run, cohort)
        low, high = ranges(found)
        data["order"] = [int(k) for k in found.table["dimension"]]
        data["names"] = names(found)
        data["directions"] = directions(found, from_steps(steps, opened.latent_dim))
        data["histograms"] = {
            "url": volume_path(Histograms(run, cohort)),
            "classes": groups(run, cohort),
            "bins": BINS,
        }
    return {**data, "low": to_base64(to_steps(low)), "high": to_base64(to_steps(high))}


def directions(found: LatentSpace, code: FloatArray) -> list[dict[str, Any]]:
    """Return the directions that have a slider of their own, with the position of the code on each."""
    axes = {axis.name: axis for axis in found.axes}
    return [
        {
            "name": title,
            "unit": unit,
            "vector": to_base64(axes[name].vector.astype("<f4").tobytes()),
            "low": axes[name].low,
            "high": axes[name].high,
            "at": float(axes[name].position(code)),
        }
        for name, (title, unit) in DIRECTIONS.items()
        if name in axes
    ]


def names(found: LatentSpace) -> dict[str, str]:
    """Say of a dimension what it was found to go with, and how strongly it separates the classes."""
    table = found.table
    said = {str(k): f"F {f:.0f}" for k, f in zip(table["dimension"], table["f"], strict=True) if f >= 1}
    for name, what in found.named.items():
        key = str(what["dimension"])
        said[key] = f"{name} (r {what['r']:+.2f})" + (f", {said[key]}" if key in said else "")
    return said | {str(k): "collapsed" for k in table.loc[~table["active"].astype(bool), "dimension"]}
