"""A scan as a run shows it if something about it were otherwise: encoded under what it shows, decoded under another.

The noise that an image comes from under its own condition holds what the condition does not tell; decoded under another
condition it gives the image with that changed (two flows joined at their noise, as in Su et al. 2023, "Dual Diffusion
Implicit Bridges", algorithm 1). What the edit alone changed is the edited image less the scan's own reconstruction, and
not less the scan: that would count the error of the reconstruction, too.

Such an image shows what went with a condition among the training scans. It is no forecast for a patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from brainlab.methods.conditions import Asked, Told
from brainlab.runs.run import Run
from brainlab.types import Float32Array, FloatArray


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """Images [n, *shape] of a run in [0, 1].

    reconstruction: decoded under what they show.  edited: under what they are to show.
    """

    reconstruction: Float32Array
    edited: Float32Array

    @property
    def difference(self) -> Float32Array:
        """What the edit changed, edited less reconstruction: [n, *shape] in [-1, 1]."""
        return self.edited - self.reconstruction


def counterfactual(run: Run, images: FloatArray, own: Asked, changes: Told, guidance: float = 1.0) -> Counterfactual:
    """Return images as a run reconstructs them, and with something about them changed.

    images: [n, C, *shape] in [0, 1].
    own: what they show, `{"class": "healthy", "age_years": 42}` for all of them or a list of one for each; what is left
        out is not told, as of scans in training.
    changes: what is to be otherwise, of all of them; the rest stays. None or `n/a` takes a value back.
    guidance: 1 makes the change as it was learnt, more exaggerates it, and nothing but it.
    Raises InputError where the run cannot encode or be asked for anything, and on conditions or words that it does not
    know; `condition_warnings` says which numbers lie outside of what it was trained on.
    """
    run.require("condition")
    run.require("encode")
    before = [own] * len(images) if isinstance(own, Mapping) else list(own)
    codes, _ = run.encode(images, condition=before)
    return Counterfactual(
        reconstruction=run.decode(codes, condition=before),
        edited=decode_edited(run, codes, before, [{**each, **changes} for each in before], guidance),
    )


def decode_edited(run: Run, codes: FloatArray, own: Asked, wanted: Asked, guidance: float = 1.0) -> Float32Array:
    """Return the images [n, *shape] of codes that show what is wanted and no longer what they show by themselves.

    codes: [n, *code_shape], encoded under `own`. Guidance leads away from `own`, so that what both have in common is
    not exaggerated, and what is wanted as it is gives the reconstruction.
    """
    return run.decode(codes, condition=wanted, guidance=guidance, away_from=own)


def edit_in_words(own: Told, changes: Told) -> str:
    """Say what is changed; `not told` stands for what is not known, or taken back.

    >>> edit_in_words({"class": "healthy", "age_years": 42.0}, {"age_years": 80.0, "class": "ms"})
    'age_years 42 to 80, class healthy to ms'
    """
    return ", ".join(f"{name} {_plain(own.get(name))} to {_plain(value)}" for name, value in changes.items())


def _plain(value: str | float | None) -> str:
    if value is None:
        return "not told"
    return value if isinstance(value, str) else f"{value:g}"
