"""Table 3.3 of Wei's thesis: error of synthesised PET by inputs, of Sketcher-Refiner GANs."""

from brainlab.experiments.tables.cross_validated import Part, cross_validated_table
from brainlab.experiments.tables.translators import DVR_COLUMNS, OF_DVR, PET, REFINER, lines, of_pet

ALL = "MTR + DTI"
INPUTS = {"MTR": ("MTR",), "MTR + RD": ("MTR", "RD"), ALL: ("MTR", "FA", "RD", "AD")}
PRINTED = {
    "MTR": ((0.0094, 0.0043), (29.524, 1.671)),
    "MTR + RD": ((0.0092, 0.0043), (29.581, 1.679)),
    ALL: ((0.0083, 0.0037), (30.044, 1.095)),
}
KEYS = [column.key for column in DVR_COLUMNS]
PUBLISHED = {name: dict(zip(KEYS, figures, strict=True)) for name, figures in PRINTED.items()}

TABLE = cross_validated_table(
    name="wei-3.3",
    title="error of synthesised PET by inputs",
    number="3.3",
    target=PET,
    parts=[
        Part(
            columns=DVR_COLUMNS,
            lines=lines({name: of_pet(inputs)[REFINER] for name, inputs in INPUTS.items()}, ALL, PUBLISHED),
        ),
    ],
    reading=(OF_DVR, "DTI: FA, RD and AD. Marks compare with MTR + DTI."),
)
