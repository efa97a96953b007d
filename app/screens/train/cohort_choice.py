"""Which cohort a preset is trained on: those of its own recipe first, and a word where the chosen one is of another."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.components import layout
from app.data import resources
from brainlab.errors import InputError
from brainlab.experiments.presets import describe_preset
from brainlab.runs.matching.own_recipe import preset_recipe_warning
from brainlab.runs.methods import find_preset

FEWEST = 2
"""Images of the training split without which no training begins."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A cohort that a preset can read.

    fits: whether its images have the shape of the preset's settings.  trains: whether they do, and enough are there to
    train on.  warning: that they are of another recipe or sequence than the preset is made for, None where not.
    """

    fits: bool
    trains: bool
    warning: str | None


def choose_cohort(place: Any, name: str) -> str | None:
    """Show a select box of the cohorts that a preset can read, those of its own recipe first; None where there is none.

    The first that the preset can be trained on is chosen at first.
    """
    found = readable(name)
    unfit = ", ".join(cohort for cohort in resources.cohorts() if cohort not in found)
    if not found:
        layout.empty(f"No cohort holds what {name} reads.", f"It cannot read {unfit}.", _how_to_prepare(name))
        return None
    offered = sorted(found, key=lambda cohort: (found[cohort].warning is not None, not found[cohort].fits))
    first = next((number for number, cohort in enumerate(offered) if found[cohort].trains), 0)
    left_out = f"Not offered, as {name} cannot read them: {unfit}." if unfit else None
    chosen: str = place.selectbox("Cohort", offered, index=first, key=f"train-cohort-{name}", help=left_out)
    if warning := found[chosen].warning:
        layout.note(warning)
    return chosen


def _how_to_prepare(name: str) -> str:
    """Return the command that prepares scans for a preset."""
    recipe = find_preset(name)[1].recipe
    return layout.PREPARE if recipe is None else layout.PREPARE.replace("flair-40", recipe)


def readable(name: str) -> dict[str, Candidate]:
    """Return the cohorts that a preset can read, by name."""
    method, preset = find_preset(name)
    found = {}
    for cohort, data in resources.cohorts().items():
        with contextlib.suppress(InputError):
            seen = method.view(preset.config).of(data)
            translates = "translate" in method.abilities  # volumes of any shape
            fits = translates or (len(seen.channels), *seen.shape) == tuple(describe(name)["sample_shape"])
            found[cohort] = Candidate(
                fits=fits,
                trains=fits and len(seen.indices("train")) >= FEWEST,
                warning=preset_recipe_warning(name, preset, data),
            )
    return found


def first_preset(names: Sequence[str]) -> str:
    """Return the preset that is shown first: one with a cohort of its own recipe, or else of its shape, that ships."""

    def lacks(name: str) -> tuple[bool, bool, bool]:
        found = readable(name).values()
        fits = any(one.fits for one in found)
        own = any(one.trains and one.warning is None for one in found)
        return not own, not fits, fits and not describe(name)["ships"]

    return min(names, key=lacks)


@lru_cache(maxsize=64)
def describe(name: str) -> dict[str, Any]:
    """Return a preset's figures, worked out once."""
    return describe_preset(name)
