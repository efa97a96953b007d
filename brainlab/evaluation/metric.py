"""One figure with everything needed to read it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from brainlab.types import FloatArray

Better = Literal["higher", "lower", "none"]


@dataclass(frozen=True)
class Metric:
    """A measured value and its settings.

    value: None where the metric is not defined, with the reason under `settings["undefined"]`. sd: standard deviation
    over the n things measured (samples, pairs or tests, as `settings["unit"]` says), None where there is only one.
    better: which way is an improvement; `none` where a figure is to be compared with that of real scans.
    """

    value: float | None
    sd: float | None
    n: int
    better: Better
    settings: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "sd": self.sd, "n": self.n, "settings": self.settings, "better": self.better}


def summarise(values: FloatArray | Sequence[float], better: Better, unit: str = "sample", **settings: Any) -> Metric:
    """Return mean and standard deviation of one value a sample; undefined where there is none or one is not finite."""
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        return undefined("nothing to measure", better, **settings)
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        return undefined(f"{count} of {array.size} values are not finite", better, unit=unit, **settings)
    sd = float(array.std(ddof=1)) if array.size > 1 else None
    return Metric(float(array.mean()), sd, int(array.size), better, {"unit": unit, **settings})


def undefined(reason: str, better: Better, **settings: Any) -> Metric:
    """Return a metric without a value, and why."""
    return Metric(None, None, 0, better, {"undefined": reason, **settings})
