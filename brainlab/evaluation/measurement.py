"""One figure with everything needed to read it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from brainlab.counted import counted, noun
from brainlab.types import FloatArray, IntArray

PartsOf = Literal["real", "generated"]


@dataclass(frozen=True)
class Parts:
    """One number for each image, whose mean is a metric's value and whose spread over images is that of the value.

    values: [n]. of: which images of `ImageSets` they stand for; a reconstruction stands for its scan. rows: their row
    numbers there, [n]; None for all.
    """

    values: FloatArray
    of: PartsOf
    rows: IntArray | None = None


@dataclass(frozen=True)
class Measurement:
    """A measured value and its settings.

    value: None where the metric is not defined, with the reason under `settings["undefined"]`. sd: standard deviation
    over the n things measured (samples, pairs or tests, as `settings["unit"]` says), None where there is only one.
    low, high: 95% interval, of metrics that have one. parts: what the value is the mean of, by which runs are compared.
    """

    value: float | None
    sd: float | None
    n: int
    settings: dict[str, Any] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    parts: Parts | None = field(default=None, compare=False, repr=False)

    def with_settings(self, **more: Any) -> "Measurement":
        """Return the same with more settings."""
        return replace(self, settings={**self.settings, **more})

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold: a value or setting that is not finite is None, and its reason beside it."""
        settings = {name: _without_holes(value) for name, value in self.settings.items()}
        if holes := [name for name, value in self.settings.items() if settings[name] != value]:
            settings["undefined_settings"] = f"{', '.join(holes)}: not finite, as where images are all alike"
        if self.value is not None and not math.isfinite(self.value):
            reason = "the value is not finite, as where images are all alike"
            return {"value": None, "sd": None, "n": 0, "settings": {"undefined": reason, **settings}}
        sd = self.sd if self.sd is None or math.isfinite(self.sd) else None
        interval = {} if self.low is None else {"low": self.low, "high": self.high}
        return {"value": self.value, "sd": sd, "n": self.n, **interval, "settings": settings}


def summarise(
    values: FloatArray | Sequence[float],
    unit: str = "sample",
    *,
    of: PartsOf | None = None,
    rows: IntArray | None = None,
    **settings: Any,
) -> Measurement:
    """Return mean and standard deviation of one value a sample; undefined where there is none or one is not finite.

    of, rows: the images that the values are of, as in `Parts`; None where they are of pairs or tests, or where the
    value of an image depends on which others there are, so that no resampling of them tells how sure the mean is.
    """
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        return undefined("nothing to measure", **settings)
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        said = f"{count} of {counted(array.size, 'value')} {noun(count, 'is', 'are')} not finite"
        return undefined(said, unit=unit, **settings)
    sd = float(array.std(ddof=1)) if array.size > 1 else None
    parts = None if of is None else Parts(array, of, rows)
    return Measurement(float(array.mean()), sd, int(array.size), {"unit": unit, **settings}, parts=parts)


def undefined(reason: str, **settings: Any) -> Measurement:
    """Return a measurement without a value, and why."""
    return Measurement(None, None, 0, {"undefined": reason, **settings})


def _without_holes(value: Any) -> Any:
    """Return a setting with None for each number in it that is not finite."""
    if isinstance(value, list):
        return [_without_holes(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
