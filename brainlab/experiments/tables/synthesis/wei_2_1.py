"""Table 2.1 of Wei's thesis: how wide the FCN is."""

from brainlab.experiments.tables.cross_validated import Column, Line, Part, cross_validated_table
from brainlab.experiments.tables.translators import FIVE, FLAIR, OF_VARIANCE, OF_Z_SCORES, mean_of, of_method

PUBLISHED = {
    32: ((1094.52, 49.46), 60_600, 0.72),
    64: ((918.07, 41.70), 213_700, 1.34),
    96: ((909.84, 38.68), 513_500, 2.58),
}
"""Filters to MSE, parameters and seconds of inference."""

TABLE = cross_validated_table(
    name="wei-2.1",
    title="width of the 3D FCN",
    number="2.1",
    target=FLAIR,
    parts=[
        Part(
            columns=(
                Column(key="mse", heading="MSE", form=",.4g", better="lower"),
                OF_VARIANCE,
                Column(
                    key="parameters", heading="parameters", form=",.0f", of=lambda record: float(record.parameters or 0)
                ),
                Column(key="inference_s", heading="seconds a scan", of=lambda record: mean_of(record, "seconds")),
            ),
            lines=tuple(
                Line(
                    method=f"{filters} filters",
                    matches=of_method("fcn", FIVE, kernel=3, depth=3, filters=filters),
                    published={"mse": mse, "parameters": (parameters, None), "inference_s": (seconds, None)},
                    proposed=filters == 64,
                )
                for filters, (mse, parameters, seconds) in PUBLISHED.items()
            ),
            alike=("epochs",),
        )
    ],
    reading=(
        OF_Z_SCORES,
        "With 64 filters the network has 231.7 thousand parameters; the thesis prints 213.7, two digits in the wrong "
        "order. Seconds: of a whole scan on the machine that measured it, a GPU in the thesis.",
    ),
)
