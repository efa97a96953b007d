"""Which methods the thesis' figures show, in its order, and how they are called above a tile."""

from brainlab.experiments.tables.translators import (
    CF_SAGAN,
    FCN,
    FLOW,
    FOREST,
    LINEAR,
    NORMALISED,
    PERCEPTRON,
    PROPAGATION,
    REFINER,
    REFINER_CF_SAGAN,
    SKETCHER,
    TWO_LAYERS,
    UNET,
    WEIGHTED,
)

CHAPTER_2 = (FOREST, PROPAGATION, PERCEPTRON, UNET, FCN, LINEAR, FLOW)
CHAPTER_3 = (TWO_LAYERS, UNET, SKETCHER, REFINER, LINEAR, FLOW)
CHAPTER_4 = (TWO_LAYERS, UNET, SKETCHER, REFINER, CF_SAGAN, REFINER_CF_SAGAN, LINEAR, FLOW)

SHORT = {
    FOREST: "random forest",
    PROPAGATION: "propagation",
    PERCEPTRON: "MLP",
    UNET: "U-Net",
    FCN: "3D FCN",
    TWO_LAYERS: "2 layers",
    SKETCHER: "Sketcher",
    REFINER: "Refiner",
    CF_SAGAN: "CF-SAGAN",
    REFINER_CF_SAGAN: "refined CF-SAGAN",
    LINEAR: "linear (ours)",
    FLOW: "flow (ours)",
}


def short(method: str) -> str:
    """Return a name that fits above a tile; what is no method of a table keeps its own."""
    ending = next((end for end in (NORMALISED, WEIGHTED) if method.endswith(end)), "")
    name = method.removesuffix(ending)
    return SHORT.get(name, name) + ending
