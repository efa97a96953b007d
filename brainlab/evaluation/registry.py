"""The metrics by name: what each means, what it is computed from, and which way is better.

A metric is one entry of the tuple `METRICS` at the foot of the file that computes it. `brainlab evaluate`, `brainlab
metrics`, run cards and every table of scores read the entries here, so a new metric needs its own file only, in
`brainlab/evaluation/metrics/` or elsewhere (`brainlab.plugins`):

    from brainlab.evaluation.images import each
    from brainlab.evaluation.measurement import summarise
    from brainlab.evaluation.registry import Metric

    METRICS = (
        Metric(
            name="mean_grey",
            title="Mean grey level",
            definition="Mean over all voxels of a generated image.",
            aspect="detail",
            better="none",
            needs=("generated",),
            measure=lambda sets: summarise([image.mean() for image in each(sets.generated)], of="generated"),
        ),
    )
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

from brainlab.errors import InputError
from brainlab.evaluation import metrics as package
from brainlab.evaluation.images import ImageSets, Need
from brainlab.evaluation.measurement import Measurement, undefined
from brainlab.plugins import brought, modules_of, named

Better = Literal["higher", "lower", "none"]

Aspect = Literal["reconstruction", "detail", "diversity", "distribution", "memorisation", "code", "anatomy", "readers"]
"""What a metric tells of. Tables are in this order."""


INVERTIBLE = "codes have a number for each voxel, so that reconstructions say nothing about quality"
"""Caution of what is measured on reconstructions of such a run, a flow say; no such value is better than another."""


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
    aspect: Aspect
    better: Better
    needs: tuple[Need, ...]
    measure: Callable[[ImageSets], Measurement]
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    dims: tuple[int, ...] = (2, 3)

    def __post_init__(self) -> None:
        allowed = (("aspect", Aspect), ("better", Better), *(("needs", Need) for _ in self.needs))
        given = (self.aspect, self.better, *self.needs)
        for (name, words), value in zip(allowed, given, strict=True):
            if value not in get_args(words):
                raise InputError(f"metric {self.name}: {name}: needs one of {', '.join(get_args(words))}, got {value}")

    def of(self, sets: ImageSets) -> Measurement:
        """Measure, or say why that cannot be done."""
        if len(sets.shape) not in self.dims:
            return undefined(f"defined for images of {' or '.join(map(str, self.dims))} dimensions only")
        try:
            for need in self.needs:
                sets.part(need)
            found = self.measure(sets)
            return found.with_settings(caution=INVERTIBLE) if self._compares_itself(sets) else found
        except InputError as error:
            return undefined(str(error))

    def _compares_itself(self, sets: ImageSets) -> bool:
        """Whether it looks at reconstructions from codes that lose nothing."""
        reconstructions = {"pairs", "reconstructed"} & set(self.needs)
        return bool(reconstructions) and (sets.code_length or 0) >= math.prod(sets.shape)

    def to_json(self) -> dict[str, Any]:
        """Return what describes the metric."""
        kept = ("name", "title", "definition", "source", "better", "aspect")
        described = {key: getattr(self, key) for key in kept}
        return {**described, "needs": list(self.needs), "dims": list(self.dims), "settings": dict(self.settings)}


def metrics() -> dict[str, Metric]:
    """Return all metrics by name, by aspect and then in the order of their files.

    Raises InputError where one that others bring (`brainlab.plugins`) cannot be used.
    """
    return _metrics(named("metric"))


@cache
def _metrics(others: str) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for module in (*modules_of(package), *brought("metric", others, "METRICS", _are_metrics)):
        for metric in module.METRICS:
            if metric.name in found:
                raise InputError(
                    f"{module.__file__}: needs a name of its own for a metric, got {metric.name}; rename it"
                )
            found[metric.name] = metric
    aspects = get_args(Aspect)
    return {metric.name: metric for metric in sorted(found.values(), key=lambda m: aspects.index(m.aspect))}


def _are_metrics(entry: Any) -> bool:
    return isinstance(entry, tuple) and all(isinstance(metric, Metric) for metric in entry)


def measure_all(sets: ImageSets, chosen: Iterable[Metric], common: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what `as_entries` makes of each metric of the sets."""
    return as_entries([(metric, metric.of(sets)) for metric in chosen], common)


def as_entries(measured: Iterable[tuple[Metric, Measurement]], common: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each metric as `evaluation.json` holds it: {value, sd, n, settings, better}, and low and high of some.

    common: settings shared by all metrics.
    """
    found = {}
    for metric, measurement in measured:
        entry = measurement.to_json()
        settings = {**common, **metric.settings, **entry.pop("settings")}
        better = "none" if settings.get("caution") == INVERTIBLE else metric.better
        found[metric.name] = {**entry, "settings": settings, "better": better}
    return found
