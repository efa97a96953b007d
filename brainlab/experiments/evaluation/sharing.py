"""The metrics of sets of images, by whoever does the work."""

import uuid
from collections import defaultdict

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric, metrics
from brainlab.workers.workers import Workers

_opened: dict[str, ImageSets] = {}
"""In a worker, the sets that it measures, for what metrics of several files share."""


def measure_sets(sets: ImageSets, workers: Workers) -> dict[str, tuple[Metric, Measurement]]:
    """Return every metric of the registry, in its order, with what it measured."""
    known = metrics()
    if not workers.elsewhere:
        return {name: (metric, metric.of(sets)) for name, metric in known.items()}
    # Metrics of one file look at the images in the same way, and share what they found there.
    together: dict[str, list[str]] = defaultdict(list)
    for name, metric in known.items():
        together[metric.measure.__module__].append(name)
    token = uuid.uuid4().hex
    # The last of the registry, which train classifiers, take longest and begin first.
    tasks = [(token, sets, names) for names in reversed(together.values())]
    found: dict[str, Measurement] = {}
    for measured in workers.map(_measure, tasks):
        found |= measured
    return {name: (metric, found[name]) for name, metric in known.items()}


def _measure(token: str, sets: ImageSets, names: list[str]) -> dict[str, Measurement]:
    """Measure sets that were handed over. token: which they are, the same for all tasks of one evaluation."""
    if token not in _opened:
        _opened.clear()
        _opened[token] = sets
    known = metrics()
    return {name: known[name].of(_opened[token]) for name in names}
