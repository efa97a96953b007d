"""Whether images are of one kind: those of the same shape may be of another recipe or sequence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brainlab.cohort.prepared import PreparedDataset

if TYPE_CHECKING:
    from brainlab.runs.run import Run


def own_recipe_warning(run: "Run", data: PreparedDataset) -> str | None:
    """Say that a run learned images of another recipe or sequence than a dataset holds; None where it did not."""
    learned, given = learned_images(run), images_of(data.recipe)
    if learned == given:
        return None
    return f"{run.name} learned {learned}, and {data.name} holds {given}: what the run makes of them is a guess"


def learned_images(run: "Run") -> str:
    """Say which images a run learned from, as `images_of` does."""
    return images_of(run.settings.get("recipe", {}))


def images_of(recipe: Mapping[str, Any]) -> str:
    """Say which images a recipe made: their sequences, and its name. Images are of one kind where both are the same.

    recipe: of a dataset (`recipe.json`), or of a run. One of an old file may not say what it made, which is unknown.
    """
    return f"{', '.join(recipe.get('modalities') or ['unknown'])} images of the recipe {recipe.get('name', 'unknown')}"
