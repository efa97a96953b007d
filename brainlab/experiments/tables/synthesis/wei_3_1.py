"""Table 3.1 of Wei's thesis: error of synthesised PET by method."""

from brainlab.experiments.tables.cross_validated import Part, cross_validated_table
from brainlab.experiments.tables.translators import (
    DVR_COLUMNS,
    FLOW,
    LINEAR,
    OF_DVR,
    PET,
    REFINER,
    SKETCHER,
    TWO_LAYERS,
    UNET,
    WEIGHTED,
    among,
    lines,
    of_pet,
)

PUBLISHED = {
    TWO_LAYERS: {"mse_in_units": (0.0136, 0.0048), "psnr": (27.767, 1.214)},
    UNET: {"mse_in_units": (0.0107, 0.0041), "psnr": (29.297, 0.986)},
    UNET + WEIGHTED: {"mse_in_units": (0.0113, 0.0043), "psnr": (28.606, 1.007)},
    SKETCHER: {"mse_in_units": (0.0094, 0.0038), "psnr": (29.475, 0.981)},
    SKETCHER + WEIGHTED: {"mse_in_units": (0.0103, 0.0042), "psnr": (29.077, 0.995)},
    REFINER: {"mse_in_units": (0.0083, 0.0037), "psnr": (30.044, 1.095)},
}

TABLE = cross_validated_table(
    name="wei-3.1",
    title="error of synthesised PET",
    number="3.1",
    target=PET,
    parts=[
        Part(columns=DVR_COLUMNS, lines=lines(among(of_pet(), (*PUBLISHED, LINEAR, FLOW)), REFINER, PUBLISHED)),
    ],
    reading=(OF_DVR,),
)
