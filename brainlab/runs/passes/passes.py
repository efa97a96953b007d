"""The passes of many images through a run's network, in their order, by whoever does the work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from brainlab.cohort.prepared import PreparedDataset
from brainlab.methods.conditions import Asked
from brainlab.runs.calls.asked_images import AskedImages
from brainlab.runs.files import CONFIG
from brainlab.runs.matching.own_conditions import own_conditions
from brainlab.runs.passes.places import DatasetPlace, RunPlace
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray, Watch
from brainlab.workers.workers import HERE, Workers

AT_ONCE = 32
"""Images that are read at once; the run itself passes fewer through its network."""

T = TypeVar("T")

Codes = tuple[Float32Array, Float32Array | None]
"""Posterior means and log-variances, each [n, *code_shape]; None where the method knows no spread."""


@dataclass(frozen=True)
class Passes:
    """A run, and who passes images through its network; on machines alike the same numbers come of it."""

    run: Run
    workers: Workers = HERE

    def drawn(self, n: int, seed: int, condition: Asked | None = None) -> Iterator[Float32Array]:
        """Yield what `Run.sample` draws, few images [k, *shape] at a time."""
        run = self._handed()
        tasks = ((run, codes, asked) for codes, asked in self.run.codes_in_parts(n, seed, condition=condition))
        return self.workers.map(_decode, tasks, shared=self._shared())

    def encoded(
        self, seen: PreparedDataset, rows: IntArray, *, told: bool = False, watch: Watch | None = None
    ) -> Iterator[Codes]:
        """Yield the posteriors of images of a dataset as the run sees it, `AT_ONCE` at a time.

        told: whether the run is told what the rows of the table show of its conditions (`own_conditions`). watch: shows
        progress.
        """
        return self._of_rows(_encode, seen, rows, told, watch)

    def reconstructed(self, seen: PreparedDataset, rows: IntArray) -> Iterator[tuple[Codes, Float32Array]]:
        """Yield the posteriors of images, told what their rows show, and what their means decode to, [k, *shape]."""
        return self._of_rows(_reconstruct, seen, rows, True)

    def each(self, function: Callable[..., T], data: PreparedDataset, rows: IntArray) -> Iterator[T]:
        """Yield what `function(run, data, row)` makes of each row of a dataset as it lies on disk."""
        run = self._handed()
        whole = DatasetPlace.of(data) if isinstance(run, RunPlace) else data
        tasks = ((run, whole, function, int(row)) for row in rows)
        return self.workers.map(_of_row, tasks, shared=self._shared(data))

    def place(self, seen: PreparedDataset) -> DatasetPlace | None:
        """Return where others find a dataset as the run sees it; None where this process does the work itself."""
        run = self._handed()
        return DatasetPlace.of(seen, run) if isinstance(run, RunPlace) else None

    def _handed(self) -> Run | RunPlace:
        return RunPlace.of(self.run) if self.workers.elsewhere else self.run

    def _of_rows(
        self, function: Callable[..., T], seen: PreparedDataset, rows: IntArray, told: bool, watch: Watch | None = None
    ) -> Iterator[T]:
        run, data = self._handed(), self.place(seen) or seen
        parts = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        found = self.workers.map(function, ((run, data, part, told) for part in parts), shared=self._shared(seen))
        return iter(found if watch is None else watch(found, "Encoding", len(parts)))

    def _shared(self, data: PreparedDataset | None = None) -> list[Path]:
        if not self.workers.elsewhere:
            return []
        files = [self.run.folder / CONFIG]
        files += [] if data is None else [(data.cut_from or data).folder / "recipe.json"]
        return [file.absolute() for file in files]


def _opened(run: Run | RunPlace) -> Run:
    """Return a run that a task was handed."""
    return run.load() if isinstance(run, RunPlace) else run


def _opened_data(data: PreparedDataset | DatasetPlace) -> PreparedDataset:
    """Return a dataset that a task was handed."""
    return data.load() if isinstance(data, DatasetPlace) else data


def _of_row(run: Run | RunPlace, data: PreparedDataset | DatasetPlace, function: Callable[..., T], row: int) -> T:
    return function(_opened(run), _opened_data(data), row)


def _decode(run: Run | RunPlace, codes: Float32Array, asked: AskedImages) -> Float32Array:
    return _opened(run).decode_asked(codes, asked)


def _encode(run: Run | RunPlace, data: PreparedDataset | DatasetPlace, rows: IntArray, told: bool) -> Codes:
    known, seen = _opened(run), _opened_data(data)
    return known.encode(seen.batch(rows), condition=own_conditions(known, seen, rows) if told else None)


def _reconstruct(
    run: Run | RunPlace, data: PreparedDataset | DatasetPlace, rows: IntArray, told: bool
) -> tuple[Codes, Float32Array]:
    codes = _encode(run, data, rows, told)
    known, seen = _opened(run), _opened_data(data)
    return codes, known.decode(codes[0], condition=own_conditions(known, seen, rows) if told else None)
