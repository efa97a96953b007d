"""Table 4.1 of Wei's thesis: error of PET synthesised with self-attention, beside chapter 3's methods."""

from brainlab.experiments.tables.cross_validated import Part, cross_validated_table
from brainlab.experiments.tables.synthesis import wei_3_1
from brainlab.experiments.tables.translators import (
    CF_SAGAN,
    DVR_COLUMNS,
    FLOW,
    LINEAR,
    OF_DVR,
    PET,
    REFINER,
    REFINER_CF_SAGAN,
    SKETCHER,
    TWO_LAYERS,
    UNET,
    lines,
    of_pet,
)

REFINER_CGAN = "Refiner cGAN"
PUBLISHED = {
    TWO_LAYERS: wei_3_1.PUBLISHED[TWO_LAYERS],
    UNET: wei_3_1.PUBLISHED[UNET],
    SKETCHER: wei_3_1.PUBLISHED[SKETCHER],
    REFINER_CGAN: wei_3_1.PUBLISHED[REFINER],
    CF_SAGAN: {"mse_in_units": (0.0085, 0.0042), "psnr": (29.942, 1.065)},
    REFINER_CF_SAGAN: {"mse_in_units": (0.0078, 0.0038), "psnr": (30.285, 0.0993)},
}
MATCHES = {**of_pet(), REFINER_CGAN: of_pet()[REFINER]}

TABLE = cross_validated_table(
    name="wei-4.1",
    title="error of PET synthesised with self-attention",
    number="4.1",
    target=PET,
    parts=[
        Part(
            columns=DVR_COLUMNS,
            lines=lines({name: MATCHES[name] for name in (*PUBLISHED, LINEAR, FLOW)}, REFINER_CF_SAGAN, PUBLISHED),
        )
    ],
    reading=(OF_DVR, "The thesis prints .0993 as the spread of the proposed method's PSNR, a tenth of the others'."),
)
