"""The papers' figures by name, each made from the runs and cohorts at hand."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from brainlab.errors import InputError
from brainlab.experiments.figures import dwi_images, flair_images, flair_latent, ixi_images
from brainlab.figures.sheet import Sheet, house_style

FIGURES: dict[str, Callable[[], Sheet]] = {
    "flair-2": flair_images.mean_image,
    "flair-3": partial(flair_images.reconstructions, "axial"),
    "flair-4": partial(flair_images.reconstructions, "coronal"),
    "flair-5": partial(flair_images.reconstructions, "sagittal"),
    "flair-6": partial(flair_images.samples, "vae-8"),
    "flair-7": partial(flair_images.samples, "vae-512"),
    "flair-8": partial(flair_images.samples, "ivae-32"),
    "flair-9": partial(flair_images.samples, "ivae-256"),
    "flair-10": flair_latent.discriminant_axes,
    "flair-11": flair_latent.acquisition,
    "flair-12": partial(flair_latent.dimension, 175),
    "flair-13": partial(flair_latent.dimension, 76),
    "dwi-3": dwi_images.reconstructions,
    "dwi-4": dwi_images.samples,
    "ixi-3.13": ixi_images.reconstructions,
    "ixi-3.15": ixi_images.samples,
    "ixi-3.16": ixi_images.losses,
}
"""Name to what makes it: the paper, then the number that the figure has there."""


def figure_names(wanted: Sequence[str]) -> list[str]:
    """Return the names of the wanted figures, once each; a paper's name stands for all of its figures.

    Raises InputError on a name that is neither.
    """
    names: list[str] = []
    for word in wanted:
        found = [name for name in FIGURES if word in (name, paper_of(name))]
        if not found:
            raise InputError(f"no figure '{word}'; known are {', '.join([*_papers(), *FIGURES])}")
        names += found
    return list(dict.fromkeys(names))


def draw_figure(name: str, folder: Path) -> Path:
    """Draw one figure into a folder as `<name>.png` and return its path."""
    path = folder / f"{name}.png"
    with house_style():
        FIGURES[name]().save(path)
    return path


def paper_of(name: str) -> str:
    """Return the paper that a figure is of: `flair` for `flair-3`."""
    return name.split("-")[0]


def _papers() -> list[str]:
    return list(dict.fromkeys(map(paper_of, FIGURES)))
