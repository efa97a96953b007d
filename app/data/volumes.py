"""What the browser can ask for, each a small immutable name that says how its bytes are made.

Bytes are raw unsigned images in RAS and C order over [0, 1], without header; see `brainlab.images.grid`. Maps of
difference are halved and centred on 128, which means no difference.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, ClassVar, Protocol

import numpy as np

from app.data import resources
from app.data.codes import from_steps
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes, to_unit
from brainlab.images.provenance import Provenance
from brainlab.runs.image_provenance import made_by, of_scan
from brainlab.types import Float32Array, UInt8Array

CACHE_BYTES = 48 << 20
GALLERY_BYTES = 64 << 20
"""Of draws that come together, kept beside; one gallery stays however large it is, or each of its images would draw it
again."""


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
        total = np.zeros(dataset.shape, dtype=np.float32)  # exact to far less than a level of 256
        for row in rows:
            total += dataset.batch(np.array([row]))[0, self.channel]
        total /= np.float32(max(1, len(rows)))
        return dataset.for_screen(total)


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
        from brainlab.runs.matching.own_conditions import own_conditions

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
        return _gallery(self)[self.number]


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


def signed_change(after: Source, before: Source) -> Float32Array:
    """Return `after` minus `before` in intensities, in [-1, 1]."""
    return (load(after).astype(np.float32) - load(before).astype(np.float32)) / np.float32(255)


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


def version(source: Hashable) -> str:
    """Say which files a source's bytes depend on, so that a retrained run or a new cohort is never shown stale."""
    parts = []
    for name in ("first", "second", "scan", "start", "visit"):
        if (part := getattr(source, name, None)) is not None:
            parts.append(version(part))
    if (run := getattr(source, "run", None)) is not None:
        parts.append(resources.run(run).sha256)
    if (cohort := getattr(source, "cohort", None)) is not None:
        parts.append(resources.cohort(cohort).sha256)
    return ":".join(parts)


def as_network_reads(scan: Source) -> Float32Array:
    """Return a scan as networks read it, [1, C, *shape]: one of a cohort in full precision, with all its channels."""
    if isinstance(scan, Scan):
        return resources.cohort(scan.cohort).batch(np.array([scan.row]))
    return to_unit(load(scan))[None, None]


_galleries: OrderedDict[tuple[Sample, str], list[UInt8Array]] = OrderedDict()


def _gallery(sample: Sample) -> list[UInt8Array]:
    """Return all images that are drawn with a sample; as bytes, and never more than a part of them in float32."""
    key = (replace(sample, number=0), version(sample))
    with _lock:
        if key in _galleries:
            _galleries.move_to_end(key)
            return _galleries[key]
    told = None if sample.condition is None else dict(sample.condition)
    parts = resources.run(sample.run).sample_in_parts(
        sample.count, sample.seed, sample.truncation, condition=told, guidance=sample.guidance
    )
    made = [to_bytes(image) for _, images in parts for image in images]
    with _lock:
        _galleries[key] = made
        while len(_galleries) > 1 and _bytes_of(_galleries) > GALLERY_BYTES:
            _galleries.popitem(last=False)
    return made


def _bytes_of(galleries: Mapping[Any, Sequence[UInt8Array]]) -> int:
    return sum(image.nbytes for images in galleries.values() for image in images)
