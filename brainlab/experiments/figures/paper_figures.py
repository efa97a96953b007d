"""The papers' figures by name, each made from the runs and cohorts at hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from brainlab.errors import InputError
from brainlab.evaluation.published import DWI, SLICE_VAE
from brainlab.experiments.figures import dwi_images, flair_images, flair_latent, ixi_images, slice_images
from brainlab.experiments.figures.synthesis import (
    myelin_charts,
    myelin_maps,
    saliency_images,
    translator_charts,
    translator_images,
)
from brainlab.figures.sheet import Sheet, house_style
from brainlab.ranges import flag

FLAIR, IXI, WEI = "FLAIR IntroVAE paper", "IXI thesis", "Wei's thesis"


Need = Literal["records", "reports", "data"]
"""What a figure may be given: cross-validations, myelin reports by their paths, and prepared datasets."""

FLAGS: dict[Need, str] = {"records": "records", "reports": "records", "data": "data"}
"""The option that says where it is."""

IMAGES: tuple[Need, ...] = ("records", "data")
CHARTS: tuple[Need, ...] = ("records",)
"""What figures of synthesised images need, and charts of what was measured of them."""


@dataclass(frozen=True)
class PaperFigure:
    """A figure of a paper. title: what it shows. source: the paper and the number it has there.

    draw: makes it from what it needs, by name. needs: nothing where it finds its runs and cohorts by name.
    """

    title: str
    source: str
    draw: Callable[..., Sheet]
    needs: tuple[Need, ...] = ()


FIGURES = {
    "flair-2": PaperFigure("mean image of the cohort", f"{FLAIR}, figure 2", flair_images.mean_image),
    "flair-3": PaperFigure(
        "reconstructions, axial", f"{FLAIR}, figure 3", partial(flair_images.reconstructions, "axial")
    ),
    "flair-4": PaperFigure(
        "reconstructions, coronal", f"{FLAIR}, figure 4", partial(flair_images.reconstructions, "coronal")
    ),
    "flair-5": PaperFigure(
        "reconstructions, sagittal", f"{FLAIR}, figure 5", partial(flair_images.reconstructions, "sagittal")
    ),
    "flair-6": PaperFigure("samples of vae-8", f"{FLAIR}, figure 6", partial(flair_images.samples, "vae-8")),
    "flair-7": PaperFigure("samples of vae-512", f"{FLAIR}, figure 7", partial(flair_images.samples, "vae-512")),
    "flair-8": PaperFigure("samples of ivae-32", f"{FLAIR}, figure 8", partial(flair_images.samples, "ivae-32")),
    "flair-9": PaperFigure("samples of ivae-256", f"{FLAIR}, figure 9", partial(flair_images.samples, "ivae-256")),
    "flair-10": PaperFigure("discriminant axes of the codes", f"{FLAIR}, figure 10", flair_latent.discriminant_axes),
    "flair-11": PaperFigure("acquisition parameters by class", f"{FLAIR}, figure 11", flair_latent.acquisition),
    "flair-12": PaperFigure("dimension 175", f"{FLAIR}, figure 12", partial(flair_latent.dimension, 175)),
    "flair-13": PaperFigure("dimension 76", f"{FLAIR}, figure 13", partial(flair_latent.dimension, 76)),
    "dwi-3": PaperFigure("reconstructions", f"{DWI}, figure 3", dwi_images.reconstructions),
    "dwi-4": PaperFigure("samples", f"{DWI}, figure 4", dwi_images.samples),
    "ixi-3.13": PaperFigure("reconstructions", f"{IXI}, figure 3.13", ixi_images.reconstructions),
    "ixi-3.15": PaperFigure("artificial slices", f"{IXI}, figure 3.15", ixi_images.samples),
    "ixi-3.16": PaperFigure("losses by epoch", f"{IXI}, figure 3.16", ixi_images.losses),
    "slice-2": PaperFigure("generated volumes", f"{SLICE_VAE}, figure 2", slice_images.samples),
    "slice-3": PaperFigure("structures of generated volumes", f"{SLICE_VAE}, figure 3", slice_images.structures),
    "slice-4": PaperFigure("realistic atlas score", f"{SLICE_VAE}, figure 4", slice_images.atlas_scores),
    "wei-2.3": PaperFigure(
        "held-out error while training, by depth", f"{WEI}, figure 2.3", translator_charts.curves_by_depth, CHARTS
    ),
    "wei-2.4": PaperFigure(
        "synthesised FLAIR by method", f"{WEI}, figure 2.4", translator_images.flair_by_method, IMAGES
    ),
    "wei-2.5": PaperFigure(
        "lesions segmented in true and synthesised FLAIR",
        f"{WEI}, figure 2.5",
        translator_images.segmented_lesions,
        IMAGES,
    ),
    "wei-2.6": PaperFigure("saliency of the input sequences", f"{WEI}, figure 2.6", saliency_images.p3s_maps, IMAGES),
    "wei-2.7": PaperFigure(
        "synthesised FLAIR by input sequences", f"{WEI}, figure 2.7", translator_images.flair_by_inputs, IMAGES
    ),
    "wei-3.4": PaperFigure(
        "synthesised PET by method", f"{WEI}, figure 3.4", partial(translator_images.pet_by_method, "3.4"), IMAGES
    ),
    "wei-3.5": PaperFigure(
        "error and discrepancy by refinement", f"{WEI}, figure 3.5", translator_charts.by_refiners, CHARTS
    ),
    "wei-3.6": PaperFigure("mean DVR by region", f"{WEI}, figure 3.6", translator_charts.regional_means, CHARTS),
    "wei-3.7": PaperFigure(
        "agreement of mean DVR with true PET", f"{WEI}, figure 3.7", translator_charts.agreement_of_means, CHARTS
    ),
    "wei-3.8": PaperFigure(
        "demyelinated lesion by patient", f"{WEI}, figure 3.8", partial(myelin_charts.by_patient, "3.8"), ("reports",)
    ),
    "wei-3.9": PaperFigure(
        "where the error depends on the inputs, by error",
        f"{WEI}, figure 3.9",
        saliency_images.visual_attention_maps,
        IMAGES,
    ),
    "wei-4.3": PaperFigure(
        "synthesised PET by method", f"{WEI}, figure 4.3", partial(translator_images.pet_by_method, "4.3"), IMAGES
    ),
    "wei-4.4": PaperFigure(
        "demyelinated lesion by patient, both visits",
        f"{WEI}, figure 4.4",
        partial(myelin_charts.by_patient, "4.4"),
        ("reports",),
    ),
    "wei-4.5": PaperFigure(
        "change of myelin by patient", f"{WEI}, figure 4.5", partial(myelin_charts.by_patient, "4.5"), ("reports",)
    ),
    "wei-4.6": PaperFigure(
        "demyelinated voxels by true and synthesised PET", f"{WEI}, figure 4.6", myelin_maps.agreement_maps, IMAGES
    ),
}
"""By name: the paper, then the number that the figure has there."""


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


def draw_figure(name: str, folder: Path, given: Mapping[Need, Callable[[], Any]] | None = None) -> Path:
    """Draw one figure into a folder as `<name>.png` and return its path.

    given: returns each of what figures may need; it is called where this one needs it.
    """
    path, figure = folder / f"{name}.png", FIGURES[name]
    with house_style():
        figure.draw(**{need: (given or {})[need]() for need in figure.needs}).save(path)
    return path


def refuse_unread(names: Sequence[str], named: Mapping[str, Any]) -> None:
    """Raise InputError where something was named that none of the figures is made from.

    named: by the option's name; what is empty was not.
    """

    def reads(name: str, option: str) -> bool:
        return option in {FLAGS[need] for need in FIGURES[name].needs}

    for option, value in named.items():
        if value and not any(reads(name, option) for name in names):
            readers = ", ".join(name for name in FIGURES if reads(name, option))
            raise InputError(
                f"{flag(option)}: needs a figure that reads it ({readers}), got {', '.join(names)}; leave it out"
            )


def paper_of(name: str) -> str:
    """Return the paper that a figure is of: `flair` for `flair-3`."""
    return name.split("-")[0]


def _papers() -> list[str]:
    return list(dict.fromkeys(map(paper_of, FIGURES)))
