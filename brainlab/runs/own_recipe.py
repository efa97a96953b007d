"""Whether a dataset was prepared as what a run learned from: images of the same shape may be of another kind."""

from typing import TYPE_CHECKING, Any

from brainlab.cohort.prepared import PreparedDataset

if TYPE_CHECKING:
    from brainlab.runs.run import Run


def own_recipe_warning(run: "Run", data: PreparedDataset) -> str | None:
    """Say that a run learned images of another recipe or sequence than a dataset holds; None where it did not."""
    learned, given = _told(run.settings.get("recipe", {})), _told(data.recipe)
    if learned == given:
        return None
    return f"{run.name} learned {learned}, and {data.name} holds {given}: what the run makes of them is a guess"


def _told(recipe: dict[str, Any]) -> str:
    return f"{', '.join(recipe.get('modalities') or ['unknown'])} images of the recipe {recipe.get('name', 'unknown')}"
