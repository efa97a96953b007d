"""Where the images of a prepared dataset come from: real scans, simulated ones, or what a run made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from brainlab.images.provenance import BY_A_RUN, NOT_REAL, Kind

ORIGIN = "brainlab_origin"
"""Column of `scans.tsv` for where each image comes from (`Kind`), in a dataset of several kinds."""
TRAINED_ON = "origin"
"""Key of a run's `config.json`, in `data`."""
STARTED_FROM = "started_from"
"""Key of a run's `config.json`: an object for each run that its weights came from, the nearest first."""
SIMULATED, GENERATED = "simulated", "generated"
"""Keys of `recipe.json`, true where any image is of that kind."""


@dataclass(frozen=True, eq=False)
class Origin:
    """What recipe and table of a dataset say."""

    recipe: Mapping[str, Any]
    scans: pd.DataFrame

    @property
    def simulated(self) -> bool:
        """Whether any scan is simulated."""
        return bool(self.recipe.get(SIMULATED, False))

    @property
    def generated(self) -> bool:
        """Whether a run made any image."""
        return bool(self.recipe.get(GENERATED, False))

    @property
    def all_simulated(self) -> bool:
        """Whether all scans are simulated, so that no participant's name is a person's."""
        return self.simulated and not self.generated and ORIGIN not in self.scans

    @property
    def words(self) -> str:
        """What there is, such as `simulated scans`, or `real scans and generated images`."""
        if ORIGIN in self.scans:
            real = not self.scans[ORIGIN].isin(NOT_REAL).all()
        else:
            real = not (self.simulated or self.generated)
        parts = {"real scans": real, "simulated scans": self.simulated, "generated images": self.generated}
        return " and ".join(name for name, there in parts.items() if there)

    @property
    def record(self) -> dict[str, str]:
        """What a run keeps of it beside `simulated`: the words, where that alone would leave something out."""
        return {TRAINED_ON: self.words} if self.generated or ORIGIN in self.scans else {}

    def kind(self, row: int) -> Kind:
        """Return where one image comes from; `prepared` is a real scan as far as is known."""
        if ORIGIN in self.scans:
            told = self.scans[ORIGIN].iloc[row]
            return told if told in NOT_REAL else "prepared"
        return "generated" if self.generated else "simulated" if self.simulated else "prepared"


def origin_record(kinds: frozenset[Kind]) -> dict[str, bool]:
    """Return what `recipe.json` says of images of these kinds."""
    return {SIMULATED: "simulated" in kinds, **({GENERATED: True} if kinds & BY_A_RUN else {})}


def lineage(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a run's `config.json` keeps of the data it was trained on: its own, then that of earlier runs."""
    return [settings["data"], *(start["data"] for start in settings.get(STARTED_FROM, []))]


def training_origin(settings: Mapping[str, Any]) -> str:
    """Return the words for what a run was trained on, from its `config.json`."""
    own, *before = [
        str(data.get(TRAINED_ON) or ("simulated scans" if data["simulated"] else "real scans"))
        for data in lineage(settings)
    ]
    others = [words for words in dict.fromkeys(before) if words != own]
    return f"{own}, and before that on {' and '.join(others)}" if others else own
