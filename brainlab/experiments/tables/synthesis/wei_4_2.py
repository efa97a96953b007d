"""Table 4.2 of Wei's thesis: what the error by region does to the whole image and to lesions."""

from brainlab.experiments.tables.cross_validated import Column, Figure, Part, cross_validated_table
from brainlab.experiments.tables.translators import (
    CF_SAGAN,
    ERRORS,
    OF_DISCREPANCY,
    OF_DVR,
    PET,
    SKETCHER,
    UNET,
    among,
    lines,
    of_pet,
)

MSE: dict[str, tuple[Figure, Figure, Figure]] = {
    UNET: ((0.0107, 0.0041), (0.0113, 0.0043), (0.0111, 0.0047)),
    SKETCHER: ((0.0094, 0.0038), (0.0103, 0.0042), (0.0098, 0.0044)),
    CF_SAGAN: ((0.0085, 0.0042), (0.0097, 0.0039), (0.0089, 0.0041)),
}
LESIONS: dict[str, tuple[Figure, Figure, Figure]] = {
    UNET: ((0.035, 0.027), (0.032, 0.029), (0.031, 0.032)),
    SKETCHER: ((0.030, 0.017), (0.027, 0.022), (0.028, 0.019)),
    CF_SAGAN: ((0.027, 0.020), (0.024, 0.016), (0.022, 0.017)),
}
"""By L1, weighted L1 and normalised weighted L1."""


def _parts(title: str, column: Column, printed: dict[str, tuple[Figure, Figure, Figure]]) -> list[Part]:
    """Return a part for each network, its other errors compared with L1."""
    return [
        Part(
            title=title,
            columns=(column,),
            lines=lines(
                among(of_pet(), [network + end for end in ERRORS]),
                network,
                {network + end: {column.key: figure} for end, figure in zip(ERRORS, figures, strict=True)},
            ),
        )
        for network, figures in printed.items()
    ]


TABLE = cross_validated_table(
    name="wei-4.2",
    title="PET by the error that is minimised",
    number="4.2",
    target=PET,
    parts=[
        *_parts("(a) whole image", Column(key="mse_in_units", heading="MSE", form=".4f", better="lower"), MSE),
        *_parts(
            "(b) lesions",
            Column(key="discrepancy_lesions", heading="discrepancy", form=".3f", better="lower"),
            LESIONS,
        ),
    ],
    reading=(OF_DVR, OF_DISCREPANCY, "Marks compare with the same network that minimises L1."),
)
