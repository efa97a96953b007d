"""Metrics as lines of text."""

from collections.abc import Mapping
from typing import Any


def score_lines(result: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return one line a metric: {value, sd, n, settings, better}, low and high of some, by name."""
    return [_line(name, metric) for name, metric in result.items()]


def _line(name: str, metric: Mapping[str, Any]) -> str:
    if metric["value"] is None:
        return f"{name.rjust(26)}  undefined: {metric['settings']['undefined']}"
    spread = "" if metric["sd"] is None else f" ± {metric['sd']:.4g}"
    if metric.get("low") is not None:
        spread = f" ({metric['low']:.3f} to {metric['high']:.3f})"
    real = metric["settings"].get("real")
    beside = "" if real is None else f"  (real scans {real:.4g})"
    return f"{name.rjust(26)}  {metric['value']:.4g}{spread}  n={metric['n']}, better: {metric['better']}{beside}"
