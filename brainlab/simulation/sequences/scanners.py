"""The sites of a cohort: each a scanner with its own protocol, and who is scanned where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """One site's protocol: times, bandwidth and slices of its FLAIR, to which its other sequences keep."""

    name: str
    manufacturer: str
    field_strength_t: float
    echo_time_s: float
    repetition_time_s: float
    pixel_bandwidth_hz: int
    thickness_mm: float
    t1w: str
    """How the site weights by T1: `spin-echo` (2D), `flash` (2D), `spgr` (3D) or `mprage` (3D)."""

    @property
    def echo_habit(self) -> float:
        """How long its echo times are, relative to those of other sites."""
        return self.echo_time_s / 0.108


SCANNERS = (
    Scanner(name="A", manufacturer="Siemens", field_strength_t=1.5, echo_time_s=0.100, repetition_time_s=8.5,
            pixel_bandwidth_hz=190, thickness_mm=4.0, t1w="spin-echo"),
    Scanner(name="B", manufacturer="Philips", field_strength_t=1.5, echo_time_s=0.110, repetition_time_s=10.0,
            pixel_bandwidth_hz=240, thickness_mm=4.0, t1w="spin-echo"),
    Scanner(name="C", manufacturer="GE", field_strength_t=1.5, echo_time_s=0.115, repetition_time_s=9.0,
            pixel_bandwidth_hz=160, thickness_mm=5.0, t1w="spgr"),
    Scanner(name="D", manufacturer="Siemens", field_strength_t=3.0, echo_time_s=0.095, repetition_time_s=9.0,
            pixel_bandwidth_hz=280, thickness_mm=3.0, t1w="mprage"),
    Scanner(name="E", manufacturer="Philips", field_strength_t=3.0, echo_time_s=0.120, repetition_time_s=11.0,
            pixel_bandwidth_hz=320, thickness_mm=3.0, t1w="flash"),
)  # fmt: skip
"""Sites of the cohort; without acquisition bias every class is scanned on all of them alike."""

BIASED_SCANNER = Scanner(name="M", manufacturer="Siemens", field_strength_t=3.0, echo_time_s=0.140,
                         repetition_time_s=6.5, pixel_bandwidth_hz=440, thickness_mm=1.5, t1w="mprage")  # fmt: skip
"""The protocol of the multiple sclerosis study under `--acquisition-bias seed`: another TE, TR and bandwidth."""

BIASED_SHARE = 0.85
"""Share of people with multiple sclerosis scanned with it; the paper's figure 11 shows some overlap."""


def draw_scanner(
    rng: np.random.Generator, class_name: str, acquisition_bias: str, sites: Sequence[str] = ()
) -> Scanner:
    """Draw a person's scanner: the same lot for every class, unless the bias sends multiple sclerosis elsewhere.

    sites: names of SCANNERS to draw from; all of them where none is named.
    """
    among = [scanner for scanner in SCANNERS if scanner.name in sites] or SCANNERS
    scanner = among[int(rng.integers(len(among)))]
    elsewhere = rng.random() < BIASED_SHARE
    return BIASED_SCANNER if acquisition_bias == "seed" and class_name == "ms" and elsewhere else scanner
