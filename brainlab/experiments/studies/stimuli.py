"""Where the images of a reading study come from: held-out scans of a cohort, samples of a run (for files see
`folder_supply`)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import counted, noun
from brainlab.errors import InputError
from brainlab.images.grid import Grid
from brainlab.images.kind import images_of
from brainlab.methods.prior import Noise, StreamNoise
from brainlab.reading.images.rendering import slice_indices
from brainlab.reading.protocol.design import Protocol, Source
from brainlab.reading.record.salt import generator
from brainlab.runs.matching.own_recipe import learned_images
from brainlab.runs.run import Run
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray

SLICE_DISTANCE = 3
"""Two slices of one scan in a study are at least so many slices apart."""

AT_ONCE = 4
"""Samples that a run draws in one go; progress shows between."""

FOR_READERS, FOR_PROBE = "images", "probe"
"""What images are drawn for, so that the probe's tell nothing of the readers'."""


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One image before rendering: a slice [rows, columns] or a volume [X, Y, Z] in [0, 1], and where it came from.

    voxel_size_mm: one per axis, None where the file does not say. participant: whom a real image is of; kept in memory
    alone. seed: of a sample, see `sample_noise`. stored: what it came as, of files. height: that of its case.
    """

    image: Float32Array
    voxel_size_mm: tuple[float, ...] | None
    disease_class: str | None = None
    participant: str | None = None
    run_sha256: str | None = None
    seed: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    stored: "StoredAs | None" = None
    height: float = 0.0


@dataclass(frozen=True)
class StoredAs:
    """Of an image of a file: its format in a few words, and the lowest and the highest value in it."""

    format: str
    low: float
    high: float


class Supply(ABC):
    """A source that has been opened. made: called after each image that was made, for whoever shows progress."""

    def __init__(self, source: Source, protocol: Protocol) -> None:
        self.source = source
        self.protocol = protocol
        self.made: Callable[[], object] = lambda: None

    @property
    def grid(self) -> Grid | None:
        """Where the voxels of its images lie; None for files, each of which has a grid of its own."""
        return None

    @property
    def images(self) -> str | None:
        """Which images these are, by sequence and recipe (`kind.images_of`); None for files, which do not say."""
        return None

    @property
    def people(self) -> int | None:
        """Number of people that its cases are of, before they are drawn; None where they are of nobody known."""
        return None

    @abstractmethod
    def draw(self, n: int, salt: bytes, heights: FloatArray | None = None) -> list[Stimulus]:
        """Draw `n` different images that readers may see; raises InputError when there are not so many.

        salt: of the study. The same salt draws the same images; nothing else is needed to draw them, and nothing less.
        heights: [n], of the images of cases side by side (see `shared_heights`); None deals slices evenly.
        """

    @abstractmethod
    def draw_for_probe(self, n: int, salt: bytes) -> list[Stimulus]:
        """Draw up to `n` images of the same making, which no reader will see."""

    def _random(self, purpose: str, salt: bytes) -> np.random.Generator:
        return generator(salt, purpose, self.source.kind, self.source.name)

    def _check_grid(self, grid: Grid, name: str) -> None:
        """Raise InputError where images of a grid cannot be shown as the protocol asks."""
        stimulus, plane = self.protocol.stimulus, self.protocol.plane
        if grid.plane is None:
            return
        if stimulus == "volume":
            raise InputError(f"{name}: needs volumes, got {grid}; set 'stimulus' to 'slice', or take another source")
        if grid.plane != plane:
            raise InputError(
                f"{name}: needs {plane} slices, got {grid}; set 'plane' to '{grid.plane}', or take another source"
            )

    def _cut(self, image: FloatArray, grid: Grid, index: int | None, **origin: Any) -> Stimulus:
        """Make a stimulus of a whole volume, of one slice of it, or of an image that is a slice itself."""
        self.made()
        image = np.asarray(image, dtype=np.float32)
        if self.protocol.stimulus == "volume":
            return Stimulus(image, grid.spacing_mm, **origin)
        plane = self.protocol.plane
        number = {} if index is None else {"slice": int(index)}
        origin["detail"] = {**origin.get("detail", {}), "plane": plane, **number}
        return Stimulus(grid.view(image, plane, index), grid.pixel_size_mm(plane), **origin)

    def _deal_slices(
        self, grid: Grid, n: int, random: np.random.Generator, heights: FloatArray | None = None
    ) -> list[int | None]:
        """Deal slice numbers evenly, so that no source shows some slices more often than another does.

        heights: those that are given, from 0 to 1; slices are taken there.
        None for whole volumes, and for images that are slices themselves, which have no range to be drawn from.
        """
        if self.protocol.stimulus == "volume" or grid.plane is not None:
            return [None] * n
        allowed = slice_indices(grid, self.protocol)
        if heights is not None:
            return [int(index) for index in allowed[(heights * len(allowed)).astype(int)]]
        dealt = np.concatenate([random.permutation(allowed) for _ in range(-(-n // len(allowed)))])
        return [int(index) for index in dealt[:n]]


class CohortSupply(Supply):
    """Scans of a prepared dataset whose people no known run was trained on.

    seen: [n], scans of people that some run was trained on. only_test: take the test split alone, because another
    source's training people are not known. gaps: why the people of some runs could not be compared by name.
    """

    def __init__(
        self,
        source: Source,
        protocol: Protocol,
        dataset: PreparedDataset,
        seen: BoolArray,
        only_test: bool,
        gaps: tuple[str, ...] = (),
    ) -> None:
        super().__init__(source, protocol)
        if source.truth == "real" and dataset.origin.generated:
            raise InputError(
                f"cohort {source.name}: needs scans as real cases, got {dataset.origin.words}; choose another cohort"
            )
        self.dataset, self.gaps = dataset, gaps
        scans = dataset.scans
        kept = pd.Series(~seen, index=scans.index)
        self.refused = int(scans["participant"][seen].nunique())
        if protocol.classes:
            kept &= scans["class"].isin(protocol.classes)
        if only_test:
            kept &= scans["split"] == "test"
        self.held_out = np.flatnonzero(kept.to_numpy())
        self._check_grid(dataset.grid, f"cohort {source.name}")

    @property
    def grid(self) -> Grid:
        return self.dataset.grid

    @property
    def images(self) -> str:
        return images_of(self.dataset.recipe)

    @property
    def people(self) -> int:
        """As many as there are cases, as far as the held-out people go: `draw` takes different ones first."""
        return min(self.source.n, self.dataset.scans["participant"].iloc[self.held_out].nunique())

    def draw(self, n: int, salt: bytes, heights: FloatArray | None = None) -> list[Stimulus]:
        """Draw scans of different people first, the test split before other held-out people."""
        random = self._random(FOR_READERS, salt)
        rows = self._ranked(self.held_out, random)
        dealt = self._deal_slices(self.dataset.grid, n, random, heights)
        taken: dict[int, list[int]] = {}
        chosen: list[tuple[int, int | None]] = []
        for number, index in enumerate(dealt):
            if index is None:
                if number >= len(rows):
                    break
                chosen.append((int(rows[number]), None))
            elif (
                place := self._slice_there(rows, number, index, taken)
                if heights is not None
                else self._free_slice(rows, number, index, taken, random)
            ) is not None:
                chosen.append(place)
        if len(chosen) < n:
            raise InputError(
                f"cohort {self.source.name}: needs {counted(n, 'image')} (practice included) of held-out "
                f"participants, got {len(chosen)} from {counted(len(self.held_out), self.dataset.grid.noun)} "
                f"({counted(self.refused, 'participant')} {noun(self.refused, 'was', 'were')} used for training); "
                "take fewer cases, a wider slice range or another cohort"
            )
        return [self._stimulus(row, index) for row, index in chosen]

    def draw_for_probe(self, n: int, salt: bytes) -> list[Stimulus]:
        """Draw up to `n` images, no two alike: the probe would know a copy again."""
        random = self._random(FOR_PROBE, salt)
        order = random.permutation(len(self.dataset))
        chosen: list[tuple[int, int | None]] = []
        for number, index in enumerate(self._deal_slices(self.dataset.grid, n, random)):
            places = ((int(order[(number + step) % len(order)]), index) for step in range(len(order)))
            if (free := next((place for place in places if place not in chosen), None)) is not None:
                chosen.append(free)
        return [self._stimulus(row, index) for row, index in chosen]

    def again(self, detail: dict[str, Any]) -> Stimulus:
        """Return the image of a case once more, from what truth.db says of it.

        Raises InputError where the cohort has no such scan. A cohort that was prepared anew may return another image.
        """
        if not 0 <= int(detail["scan"]) < len(self.dataset):
            raise InputError(
                f"cohort {self.source.name}: needs the {len(self.dataset)} scans of the lock, got a case of scan "
                f"{detail['scan']}; put the cohort back as it was"
            )
        return self._stimulus(int(detail["scan"]), detail.get("slice"))

    def _ranked(self, rows: IntArray, random: np.random.Generator) -> IntArray:
        scans = self.dataset.scans.iloc[random.permutation(rows)]
        visit = scans.groupby("participant").cumcount()
        ranks = pd.DataFrame({"visit": visit, "trained": scans["split"] != "test"})
        return ranks.sort_values(["visit", "trained"], kind="stable").index.to_numpy()

    def _free_slice(
        self,
        rows: IntArray,
        number: int,
        wanted: int,
        taken: dict[int, list[int]],
        random: np.random.Generator,
    ) -> tuple[int, int] | None:
        """Return a scan and slice not shown yet, the wanted slice where it is free; None when all are used."""
        for row, free in self._free_slices(rows, number, taken):
            index = wanted if wanted in free else int(random.choice(free))
            taken[row].append(index)
            return row, index
        return None

    def _slice_there(
        self, rows: IntArray, number: int, wanted: int, taken: dict[int, list[int]]
    ) -> tuple[int, int] | None:
        """Return a scan of which the wanted slice is not shown yet, or where there is none the nearest slice of any."""
        found: tuple[int, int] | None = None
        for row, free in self._free_slices(rows, number, taken):
            index = min(free, key=lambda i: abs(i - wanted))
            if found is None or abs(index - wanted) < abs(found[1] - wanted):
                found = row, index
            if index == wanted:
                break
        if found is not None:
            taken[found[0]].append(found[1])
        return found

    def _free_slices(self, rows: IntArray, number: int, taken: dict[int, list[int]]) -> Iterator[tuple[int, list[int]]]:
        """Yield each scan of which there are slices left, the one whose turn it is first, and these slices."""
        allowed = slice_indices(self.dataset.grid, self.protocol)
        for row in map(int, np.roll(rows, -number)):
            used = taken.setdefault(row, [])
            if free := [int(i) for i in allowed if all(abs(i - other) >= SLICE_DISTANCE for other in used)]:
                yield row, free

    def _stimulus(self, row: int, index: int | None) -> Stimulus:
        scan = self.dataset.scans.iloc[row]
        known = {name: str(scan[name]) for name in ("session", "modality", "split") if name in scan.index}
        return self._cut(
            self.dataset.batch(np.array([row]))[0, 0],
            self.dataset.grid,
            index,
            disease_class=None if pd.isna(scan["class"]) else str(scan["class"]),
            participant=str(scan["participant"]),
            detail={"scan": row, **known},
        )


class RunSupply(Supply):
    """Samples of a trained run."""

    def __init__(self, source: Source, protocol: Protocol, run: Run) -> None:
        super().__init__(source, protocol)
        self.run = run
        self._check_grid(run.grid, f"run {source.name}")

    @property
    def grid(self) -> Grid:
        return self.run.grid

    @property
    def images(self) -> str:
        return learned_images(self.run)

    def draw(self, n: int, salt: bytes, heights: FloatArray | None = None) -> list[Stimulus]:
        return self._sample(n, salt, self._random(FOR_READERS, salt), heights)

    def draw_for_probe(self, n: int, salt: bytes) -> list[Stimulus]:
        return self._sample(n, salt, self._random(FOR_PROBE, salt))

    def _sample(
        self, n: int, salt: bytes, random: np.random.Generator, heights: FloatArray | None = None
    ) -> list[Stimulus]:
        seeds = [int(seed) for seed in random.integers(2**63, size=n)]
        codes = [self.run.draw_code(sample_noise(seed, salt), self.source.truncation) for seed in seeds]
        parts = (np.stack(codes[at : at + AT_ONCE]) for at in range(0, n, AT_ONCE))
        images = (image for part in parts for image in self.run.decode(part))
        dealt = self._deal_slices(self.run.grid, n, random, heights)
        return [
            self._cut(image, self.run.grid, index, run_sha256=self.run.sha256, seed=seed, detail={"sample": number})
            for number, (image, index, seed) in enumerate(zip(images, dealt, seeds, strict=True))
        ]


def sample_noise(seed: int, salt: bytes) -> Noise:
    """Return the noise from which the prior draws the code of one sample.

    Under a salt of 256 bits, and not of the seed alone, for seeds can be counted: torch takes 32 bits of one, which a
    GPU tries out against a published run in days.
    """
    return StreamNoise(generator(salt, "code", seed))
