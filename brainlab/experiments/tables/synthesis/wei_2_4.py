"""Table 2.4 of Wei's thesis: which input sequences synthesised FLAIR needs."""

from brainlab.experiments.tables.cross_validated import Column, Figure, Part, cross_validated_table
from brainlab.experiments.tables.translators import (
    FCN,
    FIVE,
    FLAIR,
    FLOW,
    FOREST,
    LINEAR,
    OF_Z_SCORES,
    PERCEPTRON,
    UNET,
    Matches,
    lines,
    of_flair,
    of_method,
)

Printed = dict[str, list[Figure]]

REMOVED: Printed = {
    "T1w": [(959.75, 60.58), (987.13, 91.47), (942.76, 59.22), (999.64, 100.57), (986.55, 71.25), (975.16, 76.62)],
    "T1SE": [(926.89, 73.25), (940.00, 86.34), (938.98, 64.27), (940.56, 72.98), (936.89, 63.23), (936.67, 72.00)],
    "T2w": [(981.15, 83.45), (994.47, 78.47), (940.92, 69.44), (939.60, 76.22), (953.35, 70.12), (961.90, 75.54)],
    "PDw": [(945.79, 67.23), (919.09, 69.82), (924.59, 61.39), (932.46, 59.49), (933.12, 65.23), (931.01, 64.63)],
    "DIR": [
        (1097.99, 93.27),
        (1097.00, 98.57),
        (1065.08, 101.95),
        (1151.93, 113.21),
        (1068.72, 98.56),
        (1096.14, 101.11),
    ],
}
WITHOUT_DIR: Printed = {
    FOREST: [
        (1035.17, 102.37),
        (1167.52, 127.67),
        (1170.36, 105.37),
        (1218.38, 129.01),
        (1189.64, 108.28),
        (1156.21, 114.54),
    ],
    PERCEPTRON: [
        (1589.62, 131.32),
        (1375.28, 121.12),
        (1316.53, 128.46),
        (1235.26, 117.26),
        (1537.61, 135.78),
        (1410.86, 126.79),
    ],
    UNET: [
        (1068.59, 100.28),
        (998.66, 106.79),
        (1135.24, 128.15),
        (1175.68, 107.33),
        (1003.54, 95.18),
        (1076.34, 107.55),
    ],
    FCN: REMOVED["DIR"],
}
COMBINED: Printed = {
    "T1w + DIR": [(966.67, 70.12), (953.87, 68.57), (998.71, 84.90), (973.24, 77.79), (968.55, 71.59), (972.21, 74.60)],
    "T2w + DIR": [
        (993.25, 99.35),
        (974.88, 86.32),
        (1007.69, 103.87),
        (998.56, 98.23),
        (986.57, 91.33),
        (992.19, 95.82),
    ],
    "T1w + T2w": [
        (1375.83, 123.68),
        (1562.46, 132.68),
        (1158.65, 112.29),
        (1078.67, 103.89),
        (1212.59, 126.79),
        (1277.64, 119.87),
    ],
    "T1w + T2w + DIR": [
        (926.88, 83.68),
        (944.39, 79.23),
        (961.19, 71.68),
        (931.47, 69.31),
        (958.28, 73.45),
        (944.44, 75.47),
    ],
    "T1w + T2w + PDw": [
        (1281.06, 112.57),
        (1324.17, 121.37),
        (1261.68, 128.91),
        (1143.58, 98.95),
        (1156.79, 102.67),
        (1233.46, 112.89),
    ],
}
"""Folds 1 to 5, and all."""


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in FIVE if name not in names)


def _fcn(*inputs: str) -> Matches:
    """Return whether a record is of the FCN, of any width, with these inputs."""
    return of_method("fcn", inputs, kernel=3, depth=3)


def _part(
    title: str, matches: dict[str, Matches], proposed: str, printed: Printed, alike: tuple[str, ...] = ()
) -> Part:
    return Part(
        title=title,
        columns=(Column(key="mse", heading="all folds", form=",.4g", better="lower", by_fold=True),),
        lines=lines(
            matches,
            proposed,
            {method: {"mse": figures[-1]} for method, figures in printed.items()},
            {method: {"mse": figures[:-1]} for method, figures in printed.items()},
        ),
        alike=alike,
    )


ALL_FIVE = "none"
OF_FCN = ("filters", "epochs")
"""Settings in which the FCNs of a part are equal, so that only what they see differs."""

TABLE = cross_validated_table(
    name="wei-2.4",
    title="synthesised FLAIR by input sequences, mean squared error",
    number="2.4",
    target=FLAIR,
    parts=[
        _part(
            "(a) FCN, removed",
            {ALL_FIVE: _fcn(*FIVE), **{name: _fcn(*_without(name)) for name in REMOVED}},
            ALL_FIVE,
            REMOVED,
            OF_FCN,
        ),
        _part(
            "(b) without DIR",
            {
                method: which
                for method, which in of_flair(_without("DIR")).items()
                if method in (*WITHOUT_DIR, LINEAR, FLOW)
            },
            FCN,
            WITHOUT_DIR,
        ),
        _part(
            "(c) FCN, of",
            {name: _fcn(*name.split(" + ")) for name in COMBINED},
            "",
            COMBINED,
            OF_FCN,
        ),
    ],
    reading=(
        OF_Z_SCORES,
        "(a): one sequence removed; marks compare with all five. (b): marks compare with the FCN. (c): two or three "
        "sequences. FCNs of (a), and of (c), have equal filters and epochs.",
    ),
)
