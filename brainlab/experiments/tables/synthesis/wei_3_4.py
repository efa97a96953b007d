"""Table 3.4 of Wei's thesis: discrepancy of synthesised myelin by inputs, of Sketcher-Refiner GANs."""

from brainlab.experiments.tables.cross_validated import Part, cross_validated_table
from brainlab.experiments.tables.translators import DISCREPANCY_COLUMNS, OF_DISCREPANCY, PET, REFINER, lines, of_pet

ALL = "MTR + DTI"
INPUTS = {"MTR": ("MTR",), "MTR + RD": ("MTR", "RD"), ALL: ("MTR", "FA", "RD", "AD")}
PRINTED = {
    "MTR": ((0.059, 0.040), (0.036, 0.021), (0.037, 0.029)),
    "MTR + RD": ((0.050, 0.030), (0.031, 0.019), (0.025, 0.017)),
    ALL: ((0.048, 0.026), (0.029, 0.021), (0.022, 0.015)),
}
KEYS = [column.key for column in DISCREPANCY_COLUMNS]
PUBLISHED = {name: dict(zip(KEYS, figures, strict=True)) for name, figures in PRINTED.items()}

TABLE = cross_validated_table(
    name="wei-3.4",
    title="discrepancy of synthesised myelin by inputs",
    number="3.4",
    target=PET,
    parts=[
        Part(
            columns=DISCREPANCY_COLUMNS,
            lines=lines({name: of_pet(inputs)[REFINER] for name, inputs in INPUTS.items()}, ALL, PUBLISHED),
        ),
    ],
    reading=(OF_DISCREPANCY, "DTI: FA, RD and AD. Marks compare with MTR + DTI."),
)
