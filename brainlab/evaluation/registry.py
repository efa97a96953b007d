"""The metrics by name: what each means, what it is computed from, and which way is better.

A metric is one entry at the foot of the file that computes it, in `brainlab/evaluation/metrics/`. `brainlab evaluate`,
`brainlab metrics`, run cards and every table of scores read the entries here, so a new metric needs its own file only:

    register(
        Metric(
            name="mean_grey",
            title="Mean grey level",
            definition="Mean over all voxels of a generated image.",
            source="",
            aspect="detail",
            better="none",
            needs=("generated",),
            measure=lambda sets: summarise([float(image.mean()) for image in each(sets.generated)]),
        )
    )
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from brainlab.errors import InputError
from brainlab.evaluation import metrics as package
from brainlab.evaluation.images import ImageSets, Need
from brainlab.evaluation.measurement import Measurement, undefined

Better = Literal["higher", "lower", "none"]

Aspect = Literal["reconstruction", "detail", "diversity", "distribution", "memorisation", "code", "anatomy", "readers"]
"""What a metric tells of. Tables are in this order."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric as `evaluation.json` names it.

    name: its key. title: a few words for tables. definition: what it is, in words; source: the paper or standard.
    better: which way is an improvement; `none` where a figure is to be compared with that of real scans.
    needs: which parts of `ImageSets` it is computed from. measure: computes it, reading images in blocks; an InputError
    that it raises is why the metric is undefined. settings: those that never change. dims: dimensions of the images
    that it is defined for.
    """

    name: str
    title: str
    definition: str
    source: str
    aspect: Aspect
    better: Better
    needs: tuple[Need, ...]
    measure: Callable[[ImageSets], Measurement]
    settings: Mapping[str, Any] = field(default_factory=dict)
    dims: tuple[int, ...] = (2, 3)

    def of(self, sets: ImageSets) -> Measurement:
        """Measure, or say why that cannot be done."""
        if len(sets.shape) not in self.dims:
            return undefined(f"defined for images of {' or '.join(map(str, self.dims))} dimensions only")
        try:
            for need in self.needs:
                sets.part(need)
            return self.measure(sets)
        except InputError as error:
            return undefined(str(error))

    def to_json(self) -> dict[str, Any]:
        """Return what describes the metric."""
        kept = ("name", "title", "definition", "source", "better", "aspect")
        described = {key: getattr(self, key) for key in kept}
        return {**described, "needs": list(self.needs), "dims": list(self.dims), "settings": dict(self.settings)}


_metrics: dict[str, Metric] = {}


def register(metric: Metric) -> Metric:
    """Make a metric known. Raises InputError where another has its name."""
    if metric.name in _metrics:
        raise InputError(f"metric {metric.name}: needs a name of its own, got one that is taken; choose another")
    _metrics[metric.name] = metric
    return metric


def metrics() -> dict[str, Metric]:
    """Return all metrics by name, by aspect and then in the order of their files."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    aspects = get_args(Aspect)
    return {metric.name: metric for metric in sorted(_metrics.values(), key=lambda m: aspects.index(m.aspect))}


def measure_all(sets: ImageSets, chosen: Iterable[Metric], common: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each metric as `evaluation.json` holds it: {value, sd, n, settings, better}.

    common: settings shared by all metrics.
    """
    found = {}
    for metric in chosen:
        entry = metric.of(sets).to_json()
        settings = {**common, **metric.settings, **entry.pop("settings")}
        found[metric.name] = {**entry, "settings": settings, "better": metric.better}
    return found
