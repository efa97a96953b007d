"""Volumes of runs that code them slice by slice, with some coordinates of their Gaussian over slices moved."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from app.data import resources
from app.data.uploads import Uploaded
from app.data.volumes import Scan, as_network_reads, version
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes
from brainlab.images.provenance import Provenance
from brainlab.latent.slice_coordinates import Coordinate
from brainlab.runs.image_provenance import made_by
from brainlab.types import Float32Array, UInt8Array

KEPT = 32
"""Codes of scans that stay in memory: of 256 slices 1 MB each."""

Moves = tuple[tuple[Coordinate, float], ...]
"""Coordinates that are moved, and where to, in standard deviations."""


@dataclass(frozen=True)
class MeanCode:
    """The mean of training volumes' codes."""


@dataclass(frozen=True)
class Draw:
    """A draw from a run's prior."""

    seed: int
    truncation: float


Start = MeanCode | Draw | Scan | Uploaded
"""What is moved."""


@dataclass(frozen=True)
class MovedStack:
    """A volume with some coordinates moved; without moves its start, of a scan the reconstruction."""

    run: str
    start: Start
    moves: Moves = ()
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return resources.run(self.run).grid

    @property
    def provenance(self) -> Provenance:
        run, start = resources.run(self.run), self.start
        moved = [{"dimension": at.dimension, "profile": at.profile, "sd": value} for at, value in self.moves]
        settings: dict[str, Any] = {"moved": moved} if moved else {}
        if isinstance(start, Draw):
            return made_by(run, seed=start.seed, code=self.code, settings={"truncation": start.truncation, **settings})
        if isinstance(start, MeanCode):
            return made_by(run, code=self.code, settings={"start": "mean", **settings})
        return made_by(run, code=self.code, settings=settings) if moved else made_by(run, "reconstructed")

    @property
    def code(self) -> Float32Array:
        """Its code [T, L]."""
        own = start_code(self.run, self.start)
        return resources.slice_coordinates(self.run).moved(own, dict(self.moves)) if self.moves else own

    def array(self) -> UInt8Array:
        return to_bytes(resources.run(self.run).decode(self.code[None])[0])


def start_code(run: str, start: Start) -> Float32Array:
    """Return the code [T, L] that is moved."""
    if isinstance(start, MeanCode):
        return resources.slice_coordinates(run).mean
    if isinstance(start, Draw):
        return resources.drawn_code(run, start.seed, start.truncation)
    return _encoded(run, resources.run(run).sha256, start, version(start))


@lru_cache(maxsize=KEPT)
def _encoded(run: str, run_sha256: str, scan: Scan | Uploaded, scan_version: str) -> Float32Array:
    return resources.run(run).encode(as_network_reads(scan))[0][0]
