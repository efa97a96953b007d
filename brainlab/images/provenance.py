"""Where an image comes from: what its file says of itself, in a sentence for people and as JSON for programs.

Nobody is named in it: no person, no path, no user. The same call says the same, so there is no time of day in it.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import brainlab
from brainlab.counted import counted
from brainlab.files.json_text import parse_json

Kind = Literal["generated", "reconstructed", "translated", "saliency", "difference", "simulated", "prepared"]
"""generated: a run drew it, or decoded it from a code. reconstructed: a run's image of a given scan. translated: a
sequence that a run made from others of a visit. saliency: how far a run's translation depends on each voxel of an
input. difference: of two images, of which a run made one at least. simulated: from a simulated cohort. prepared: given
to brainlab, which brought it onto a grid; a real scan as far as is known."""

BY_A_RUN: frozenset[str] = frozenset({"generated", "reconstructed", "translated", "saliency", "difference"})
NOT_REAL: frozenset[str] = BY_A_RUN | {"simulated"}
KEY = "Brainlab"
"""The one key of the JSON object, by which a record is known as ours among other sidecars."""
SHA_DIGITS = 12
"""Digits of a run's hash in the sentence; the record has them all."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What is said of one image.

    run: name, preset and `weights_sha256` of the run that made it, and what it was `trained_on`; None without a run.
    seed, draw: of what was drawn at random, the draw counted from 0; of a simulated scan the number of its participant.
    code_sha256: hash of the latent code in little-endian float32, for images decoded from one.
    settings: what else decided the image, as JSON holds it. version: of brainlab.
    """

    kind: Kind
    run: Mapping[str, str] | None = None
    seed: int | None = None
    draw: int | None = None
    code_sha256: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: str = brainlab.__version__

    @property
    def statement(self) -> str:
        """One ASCII line that fits the 80 bytes of a NIfTI header, what matters most first."""
        parts = [f"{self.kind} by brainlab", *(["not a real scan"] if self.kind in NOT_REAL else [])]
        parts += [f"run {self.run['weights_sha256'][:SHA_DIGITS]}"] if self.run else []
        parts += [f"{name} {value}" for name, value in (("seed", self.seed), ("draw", self.draw)) if value is not None]
        return ", ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return the record without what is not known."""
        known = {
            "run": dict(self.run) if self.run else None,
            "seed": self.seed,
            "draw": self.draw,
            "code_sha256": self.code_sha256,
            "settings": dict(self.settings) or None,
        }
        told = {name: value for name, value in known.items() if value is not None}
        return {"kind": self.kind, "statement": self.statement, "brainlab": self.version, **told}

    @classmethod
    def of_json(cls, values: Any) -> "Provenance":
        """Return what a record says. Raises ValueError where it is none of ours, or was changed to something else."""
        if not isinstance(values, dict) or values.get("kind") not in get_args(Kind):
            raise ValueError("needs a record with a known kind")
        run, settings = values.get("run"), values.get("settings", {})
        numbers = [values.get(name) for name in ("seed", "draw")]
        whole = all(number is None or type(number) is int for number in numbers)
        if not (whole and isinstance(settings, dict) and (run is None or _names_a_run(run))):
            raise ValueError("needs whole numbers, and objects for run and settings")
        code = values.get("code_sha256")
        return cls(
            kind=values["kind"],
            run=run,
            seed=numbers[0],
            draw=numbers[1],
            code_sha256=None if code is None else str(code),
            settings=settings,
            version=str(values.get("brainlab", "")),
        )


def to_text(provenance: Sequence[Provenance]) -> str:
    """Return the JSON of a file's images, in the order in which they are shown: ASCII on one line."""
    return json.dumps(to_object(provenance), allow_nan=False)


def to_object(provenance: Sequence[Provenance]) -> dict[str, Any]:
    """Return the JSON object of a file: one record, or a list of them where several images are in it."""
    records = [one.as_json() for one in provenance]
    return {KEY: records[0] if len(records) == 1 else records}


def of_text(text: str) -> tuple[Provenance, ...]:
    """Return what a file's JSON says of its images, empty where it is none of ours."""
    try:
        found = parse_json(text, parse_constant=_refuse_constant)[KEY]
        return tuple(Provenance.of_json(one) for one in (found if isinstance(found, list) else [found]))
    except (ValueError, LookupError, TypeError):
        return ()


def statement_of(provenance: Sequence[Provenance]) -> str:
    """Return one line for all images of a file."""
    if len(provenance) == 1:
        return provenance[0].statement
    kinds = Counter(one.kind for one in provenance)
    unreal = ", no real scans" if set(kinds) <= NOT_REAL else ""
    made = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return f"{counted(len(provenance), 'image')} by brainlab{unreal}: {made}"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _names_a_run(run: Any) -> bool:
    """Whether an object tells a run as `Provenance` does."""
    return isinstance(run, dict) and "weights_sha256" in run and all(isinstance(value, str) for value in run.values())
