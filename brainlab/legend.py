"""Names and colours of classes, groups and acquisition parameters: the same in the app and in figures."""

from collections.abc import Iterable

CLASS_COLOURS = {
    "healthy": "#56b4e9",
    "ms": "#e69f00",
    "leuko1": "#cc79a7",
    "leuko2": "#009e73",
    "leuko3": "#d55e00",
}
"""Okabe and Ito's palette: told apart with every common colour vision deficiency."""

CLASS_NAMES = {
    "healthy": "healthy",
    "ms": "MS",
    "leuko1": "leuko 1",
    "leuko2": "leuko 2",
    "leuko3": "leuko 3",
}

GROUPS = {
    "healthy": "healthy",
    "ms": "MS",
    "leuko1": "leukoencephalopathy",
    "leuko2": "leukoencephalopathy",
    "leuko3": "leukoencephalopathy",
}
"""The three grades are one colour in plots, as in the FLAIR IntroVAE paper's figure 10."""

GROUP_COLOURS = {"healthy": "#56b4e9", "MS": "#e69f00", "leukoencephalopathy": "#cc79a7"}

ACQUISITION = {
    "echo_time_s": "Echo time (s)",
    "repetition_time_s": "Repetition time (s)",
    "inversion_time_s": "Inversion time (s)",
    "pixel_bandwidth_hz": "Pixel bandwidth (Hz)",
}


def grouped(labels: Iterable[str]) -> list[str]:
    """Merge the leukoencephalopathy grades; other classes keep their names."""
    return [GROUPS.get(label, label) for label in labels]


def class_order(labels: Iterable[str]) -> list[str]:
    """Return the classes that occur, once each: the paper's in its order, then a user's own by name."""
    present = set(labels)
    return [name for name in CLASS_COLOURS if name in present] + sorted(present - set(CLASS_COLOURS))
