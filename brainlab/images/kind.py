"""Of which kind images are: their sequences and the recipe that prepared them."""

from collections.abc import Mapping
from typing import Any


def images_of(recipe: Mapping[str, Any]) -> str:
    """Say which images a recipe made: their sequences, and its name. Images are of one kind where both are the same.

    recipe: of a dataset (`recipe.json`), or of a run. One of an old file may not say what it made, which is unknown.
    """
    sequences = ", ".join(map(spelt, recipe.get("modalities") or ())) or "unknown"
    return f"{sequences} images of the recipe {recipe.get('name', 'unknown')}"


def spelt(sequence: str) -> str:
    """Return a sequence as the field writes it: those that BIDS has in small letters are acronyms, such as dwi.

    >>> spelt("dwi"), spelt("T1w")
    ('DWI', 'T1w')
    """
    return sequence.upper() if sequence.islower() else sequence
