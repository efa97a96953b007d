"""Table 3.2 of Wei's thesis: how far synthesised myelin of a region is off, by method."""

from brainlab.experiments.tables.cross_validated import Part, cross_validated_table
from brainlab.experiments.tables.translators import (
    DISCREPANCY_COLUMNS,
    FLOW,
    LINEAR,
    OF_DISCREPANCY,
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

KEYS = [column.key for column in DISCREPANCY_COLUMNS]
PRINTED = {
    TWO_LAYERS: ((0.059, 0.040), (0.041, 0.036), (0.131, 0.051)),
    UNET: ((0.053, 0.034), (0.039, 0.033), (0.035, 0.027)),
    UNET + WEIGHTED: ((0.054, 0.034), (0.038, 0.031), (0.032, 0.029)),
    SKETCHER: ((0.053, 0.041), (0.034, 0.022), (0.030, 0.017)),
    SKETCHER + WEIGHTED: ((0.052, 0.037), (0.035, 0.027), (0.027, 0.022)),
    REFINER: ((0.048, 0.026), (0.029, 0.021), (0.022, 0.015)),
}
PUBLISHED = {method: dict(zip(KEYS, figures, strict=True)) for method, figures in PRINTED.items()}

TABLE = cross_validated_table(
    name="wei-3.2",
    title="discrepancy of synthesised myelin",
    number="3.2",
    target=PET,
    parts=[
        Part(columns=DISCREPANCY_COLUMNS, lines=lines(among(of_pet(), (*PUBLISHED, LINEAR, FLOW)), REFINER, PUBLISHED)),
    ],
    reading=(OF_DISCREPANCY,),
)
