"""Of which kind images are, and whether data are of that which a run learned or a preset is made for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import RECIPES
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.images.kind import images_of

if TYPE_CHECKING:
    from brainlab.methods.method import Preset
    from brainlab.runs.run import Run


def own_recipe_warning(run: "Run", data: PreparedDataset) -> str | None:
    """Say that a run learned images of another recipe or sequence than a dataset holds; None where it did not."""
    learned = run.settings.get("recipe", {})
    return _unlike(f"{run.name} learned", learned, data, data.recipe, "what the run makes of them is a guess")


def start_recipe_warning(run: "Run", data: PreparedDataset) -> str | None:
    """Say that the run that a training begins with learned images of another recipe or sequence; None if it did not."""
    learned = run.settings.get("recipe", {})
    consequence = "weights drawn anew did better with those where it was tried (docs/own-scans.md)"
    return _unlike(f"{run.name} learned", learned, data, data.recipe, consequence)


def preset_recipe_warning(name: str, preset: "Preset[Any]", data: PreparedDataset) -> str | None:
    """Say that a preset is made for images of another recipe or sequence than a dataset holds; None where it is not.

    A dataset of the preset's recipe that names no sequence, as older ones, is taken for one of its own.
    """
    if preset.recipe is None:
        return None
    own = {"name": preset.recipe, "modalities": list(RECIPES[preset.recipe].modalities)}
    given = own | data.recipe if data.recipe.get("name") == preset.recipe else data.recipe
    return _unlike(f"{name} is made for", own, data, given, "its settings were not chosen for these")


def refuse_other_channels(data: PreparedDataset, channels: int, reader: str) -> None:
    """Raise InputError where images are not of so many channels, or not in [0, 1]."""
    if len(data.channels) != channels or not data.unit_range:
        own = f"{len(data.channels)} ({', '.join(data.channels)})" + ("" if data.unit_range else " of z-scores")
        needs = f"{reader} needs {counted(channels, 'channel')} in [0, 1]"
        raise InputError(f"{data.folder}: {needs}, got {own}; prepare scans with its recipe")


def _unlike(
    begin: str, own: Mapping[str, Any], data: PreparedDataset, given: Mapping[str, Any], consequence: str
) -> str | None:
    """Return the one sentence of every such warning, None where the two recipes are of the same images.

    Of a recipe for several sequences a run reads those that its settings name, and data without one are refused.
    """
    wanted, held = images_of(own), images_of(given)
    name = own.get("name")
    of_several = name == given.get("name") and name in RECIPES and RECIPES[name].several
    return None if wanted == held or of_several else f"{begin} {wanted}, and {data.name} holds {held}: {consequence}"


def learned_images(run: "Run") -> str:
    """Say which images a run learned from, as `images_of` does."""
    return images_of(run.settings.get("recipe", {}))
