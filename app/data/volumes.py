"""What the browser can ask for, each a small immutable name that says how its bytes are made.

Bytes are raw unsigned images in RAS and C order over [0, 1], without header; see `brainlab.images.grid`. Maps of
difference are halved and centred on 128, which means no difference.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import ClassVar, Protocol

import numpy as np

from app.data import resources
from app.data.codes import from_steps
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes
from brainlab.images.provenance import Provenance
from brainlab.runs.image_provenance import made_by, of_scan
from brainlab.types import Float32Array, UInt8Array

CACHE_BYTES = 48 << 20


class Source(Hashable, Protocol):
    """Something with bytes; frozen, so that it can be a key."""

    needs_model: ClassVar[bool]

    def array(self) -> UInt8Array:
        """Return the bytes."""
        ...


class ImageSource(Source, Protocol):
    """An image that can be shown: a volume [X, Y, Z], or a slice."""

    @property
    def grid(self) -> Grid:
        """Where its voxels lie in the patient, and how it is looked at."""
        ...

    @property
    def provenance(self) -> Provenance:
        """What its file is to say of it."""
        ...


@dataclass(frozen=True)
class Scan:
    """One scan of a cohort, or one channel of it."""

    cohort: str
    row: int
    channel: int = 0
    needs_model: ClassVar[bool] = False

    @property
    def grid(self) -> Grid:
        return resources.cohort(self.cohort).grid

    @property
    def provenance(self) -> Provenance:
        return of_scan(resources.cohort(self.cohort), self.row)

    @property
    def note(self) -> str:
        """What it is, in the word that stands beside it on a screen."""
        kind = self.provenance.kind
        return self.grid.noun if kind == "prepared" else kind

    def array(self) -> UInt8Array:
        return resources.cohort(self.cohort).shown(self.row, self.channel)


@dataclass(frozen=True)
class Mean:
    """The mean of a cohort's scans, of one class or of all, or of one channel of them."""

    cohort: str
    label: str | None = None
    channel: int = 0
    needs_model: ClassVar[bool] = False

    @property
    def grid(self) -> Grid:
        return resources.cohort(self.cohort).grid

    @property
    def provenance(self) -> Provenance:
        first = of_scan(resources.cohort(self.cohort), 0)
        return replace(first, settings={**first.settings, "mean_of": self.label or "all"})

    def array(self) -> UInt8Array:
        dataset = resources.cohort(self.cohort)
        rows = np.arange(len(dataset))
        if self.label is not None:
            rows = np.flatnonzero((dataset.scans["class"] == self.label).to_numpy())
        total = np.zeros(dataset.shape, dtype=np.float64)
        for row in rows:
            total += dataset.batch(np.array([row]))[0, self.channel]
        return dataset.for_screen(total / max(1, len(rows)))


@dataclass(frozen=True)
class Reconstruction:
    """A scan through a run's encoder and decoder, with the posterior mean as its code, under its own conditions."""

    run: str
    cohort: str
    row: int
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return resources.run(self.run).grid

    @property
    def provenance(self) -> Provenance:
        return made_by(resources.run(self.run), "reconstructed")

    def array(self) -> UInt8Array:
        from brainlab.runs.own_conditions import own_conditions

        run, dataset = resources.run(self.run), resources.cohort(self.cohort)
        row = np.array([self.row])
        told = own_conditions(run, dataset, row)
        mean, _ = run.encode(dataset.batch(row), condition=told)
        return to_bytes(run.decode(mean, condition=told)[0])


Told = tuple[tuple[str, str | float], ...]
"""What images are asked for: name and value of each condition."""


@dataclass(frozen=True)
class Sample:
    """Number `number` of the `count` brains that a run draws from one seed, on request where `condition` says so."""

    run: str
    seed: int
    count: int
    number: int
    truncation: float = 1.0
    condition: Told | None = None
    guidance: float = 1.0
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return resources.run(self.run).grid

    @property
    def provenance(self) -> Provenance:
        asked = {} if self.condition is None else {"condition": dict(self.condition), "guidance": self.guidance}
        settings = {"n": self.count, "truncation": self.truncation, **asked}
        return made_by(resources.run(self.run), seed=self.seed, draw=self.number, settings=settings)

    def array(self) -> UInt8Array:
        sha256, request = resources.run(self.run).sha256, (self.condition, self.guidance)
        return to_bytes(_samples(self.run, sha256, self.seed, self.count, self.truncation, *request)[self.number])


@dataclass(frozen=True)
class Decoded:
    """The brain of one latent code, given in 1/64 steps.

    styles: whether that is the code of a style for all levels (`brainlab.latent.styles.style_space`), and none of the
        run's own.
    """

    run: str
    steps: bytes
    styles: bool = False
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return resources.run(self.run).grid

    @property
    def provenance(self) -> Provenance:
        code = from_steps(self.steps, code_length(self.run, styles=self.styles))
        return made_by(resources.run(self.run), code=code, settings={"space": "w" if self.styles else "z"})

    def array(self) -> UInt8Array:
        run, code = resources.run(self.run), from_steps(self.steps, code_length(self.run, styles=self.styles))[None]
        if not self.styles:
            return to_bytes(run.decode(code)[0])
        w = resources.style_space(self.run).style(code)  # [1, d]
        return to_bytes(run.from_styles(np.repeat(w[:, None], len(run.levels), axis=1))[0])


@dataclass(frozen=True)
class StyleMix:
    """Coarse levels in the style of one draw, fine ones in that of another (Karras et al. 2019, section 3.1).

    coarse, fine: seeds of the two draws. crossing: the level from which on the style is that of `fine`; 0 takes all
    from it, and as many as there are levels none.
    """

    run: str
    coarse: int
    fine: int
    crossing: int
    truncation: float = 1.0
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return resources.run(self.run).grid

    @property
    def provenance(self) -> Provenance:
        mixed = {"coarse_seed": self.coarse, "fine_seed": self.fine, "crossing": self.crossing}
        return made_by(resources.run(self.run), settings={**mixed, "truncation": self.truncation})

    def array(self) -> UInt8Array:
        run = resources.run(self.run)
        draws = [resources.drawn_code(self.run, seed, self.truncation) for seed in (self.coarse, self.fine)]
        coarse, fine = run.style(np.stack(draws))
        styles = np.stack([coarse if level < self.crossing else fine for level in range(len(run.levels))])
        return to_bytes(run.from_styles(styles[None])[0])


@dataclass(frozen=True)
class Difference:
    """`first` minus `second`, halved and centred on 128."""

    first: ImageSource
    second: ImageSource
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return self.first.grid

    @property
    def provenance(self) -> Provenance:
        first, second = self.first.provenance, self.second.provenance
        return Provenance(kind="difference", settings={"first": first.as_json(), "second": second.as_json()})

    def array(self) -> UInt8Array:
        first, second = load(self.first).astype(np.int16), load(self.second).astype(np.int16)
        return (128 + (first - second) // 2).astype(np.uint8)


@dataclass(frozen=True)
class Decoder:
    """Permission to decode codes of one run, or of its styles."""

    run: str
    styles: bool = False


def code_length(run: str, *, styles: bool) -> int:
    """Return how many numbers a code of a run has, or one of its styles."""
    found = resources.run(run)
    return found.style_shape[1] if styles else found.latent_dim


_cache: OrderedDict[tuple[Source, str], UInt8Array] = OrderedDict()
_lock = Lock()


def load(source: Source) -> UInt8Array:
    """Return a source's bytes, from the least-recently-used cache where it is there."""
    key = (source, version(source))
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    made = np.ascontiguousarray(source.array())
    with _lock:
        _cache[key] = made
        while sum(volume.nbytes for volume in _cache.values()) > CACHE_BYTES and len(_cache) > 1:
            _cache.popitem(last=False)
    return made


def version(source: Source) -> str:
    """Say which files a source's bytes depend on, so that a retrained run or a new cohort is never shown stale."""
    parts = []
    for name in ("first", "second"):
        if (part := getattr(source, name, None)) is not None:
            parts.append(version(part))
    if (run := getattr(source, "run", None)) is not None:
        parts.append(resources.run(run).sha256)
    if (cohort := getattr(source, "cohort", None)) is not None:
        parts.append(resources.cohort(cohort).sha256)
    return ":".join(parts)


@lru_cache(maxsize=16)
def _samples(
    run: str, sha256: str, seed: int, count: int, truncation: float, condition: Told | None, guidance: float
) -> Float32Array:
    told = None if condition is None else dict(condition)
    return resources.run(run).sample(count, seed, truncation, condition=told, guidance=guidance)[1]
