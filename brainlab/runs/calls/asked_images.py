"""What images of one call are asked for, as the network of a run is told it, few images at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from brainlab.errors import InputError
from brainlab.methods.conditions import Asked, Condition, encode_asked
from brainlab.ranges import refuse_out_of_range
from brainlab.types import Float32Array, IntArray


@dataclass(frozen=True)
class AskedImages:
    """Conditions of n images: codes of each, [n], as `Condition.encode` gives them; none where nothing is asked for.

    away_from: codes, too, of what guidance leads away from; none where that is to be told nothing.
    """

    codes: Mapping[str, IntArray | Float32Array]
    guidance: float = 1.0
    away_from: Mapping[str, IntArray | Float32Array] = field(default_factory=dict)

    @classmethod
    def of(
        cls, known: Sequence[Condition], asked: Asked, n: int, guidance: float = 1.0, away_from: Asked | None = None
    ) -> "AskedImages":
        """Read what somebody asks for; raises InputError where a run that knows these conditions cannot draw it."""
        refuse_out_of_range({"guidance": guidance})
        return cls(encode_asked(known, asked, n), guidance, encode_asked(known, away_from, n) if away_from else {})

    def part(self, rows: slice) -> "AskedImages":
        """Return what some of the images are asked for."""
        codes, away_from = (
            {name: each[rows] for name, each in known.items()} for known in (self.codes, self.away_from)
        )
        return AskedImages(codes, self.guidance, away_from)

    def arguments(self, device: str) -> dict[str, Any]:
        """Return what a `Conditional` generator takes beside codes or images; nothing where nothing is asked for."""
        if not self.codes:
            return {}
        condition, away_from = (
            {name: torch.from_numpy(each).to(device) for name, each in known.items()}
            for known in (self.codes, self.away_from)
        )
        if self.guidance == 1:
            return {"condition": condition}
        return {"condition": condition, "guidance": self.guidance} | ({"away_from": away_from} if away_from else {})


NOTHING = AskedImages({})


def refuse_guidance_of_nothing(asked: Asked | None, guidance: float) -> None:
    """Raise InputError where guidance has nothing to exaggerate."""
    if asked is None and guidance != 1:
        raise InputError(f"--guidance: needs a condition to exaggerate, got {guidance:g} without one; add --condition")
