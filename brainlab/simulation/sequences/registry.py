"""The sequences by name: how each is prescribed, what is read from its channels, and what its file is called.

To add a sequence, add one entry to SEQUENCES; where it needs a signal equation or a prescription of its own, these go
to `techniques` and `protocols`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainlab.simulation.sequences import protocols
from brainlab.simulation.sequences.protocols import ScanProtocol
from brainlab.simulation.sequences.scanners import Scanner
from brainlab.types import Float32Array

Reading = Callable[[Float32Array, Any, float], Float32Array]
"""From the noisy channels [channels, X, Y, Z], relative to the reference tissue, the technique and that tissue's signal
to an image [X, Y, Z]."""

AIR = np.float32(0.12)
"""Signal below which a map is 0, as scanners do: nothing but noise."""


def _first(channels: Float32Array, _technique: Any, _reference: float) -> Float32Array:
    """The magnitude image of the first channel."""
    return channels[0]


def _second(channels: Float32Array, _technique: Any, _reference: float) -> Float32Array:
    """The magnitude image of the second channel."""
    return channels[1]


def _adc(channels: Float32Array, technique: Any, _reference: float) -> Float32Array:
    """Apparent diffusion coefficient in um2/s: ln(S0 / Sb) / b."""
    return _diffusivity(channels[0], channels[1], technique.b_value_s_mm2)


def _axial(channels: Float32Array, technique: Any, _reference: float) -> Float32Array:
    """The largest eigenvalue in um2/s."""
    return _eigenvalues(channels, technique)[0]


def _radial(channels: Float32Array, technique: Any, _reference: float) -> Float32Array:
    """The mean of the other two in um2/s."""
    return _eigenvalues(channels, technique)[1]


def _fractional_anisotropy(channels: Float32Array, technique: Any, _reference: float) -> Float32Array:
    """FA = |axial - radial| / sqrt(axial^2 + 2 radial^2), of a tensor alike in all directions across the fibres."""
    axial, radial = _eigenvalues(channels, technique)
    length = np.sqrt(axial**2 + 2 * radial**2)
    return np.divide(axial - radial, length, out=np.zeros_like(length), where=length > 0)


def _eigenvalues(channels: Float32Array, technique: Any) -> tuple[Float32Array, Float32Array]:
    """Axial and radial diffusivity in um2/s. Where noise turns their order round, the larger is called axial, as a fit
    sorts them."""
    along, across = (_diffusivity(channels[0], weighted, technique.b_value_s_mm2) for weighted in channels[1:])
    turned = across > along
    return np.where(turned, across, along), np.where(turned, (across + along) / 2, across)


def _diffusivity(plain: Float32Array, weighted: Float32Array, b_value_s_mm2: float) -> Float32Array:
    seen = (plain > AIR) & (weighted > 0)
    ratio = np.divide(plain, weighted, out=np.ones_like(plain), where=seen)
    return np.maximum(np.log(ratio) * np.float32(1e6 / b_value_s_mm2), 0)


def _transfer_ratio(channels: Float32Array, _technique: Any, _reference: float) -> Float32Array:
    """MTR in per cent: 100 (1 - with / without)."""
    without, with_pulse = channels
    ratio = np.divide(with_pulse, without, out=np.ones_like(without), where=without > AIR)
    return np.clip(100 * (1 - ratio), 0, 100)


def _distribution_volume_ratio(channels: Float32Array, _technique: Any, reference: float) -> Float32Array:
    """The tomograph's image, no longer relative to white matter."""
    return np.where(channels[0] > AIR, channels[0] * np.float32(reference), np.float32(0))


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """One image that can be asked for."""

    name: str
    title: str
    protocol: Callable[[np.random.Generator, Scanner], ScanProtocol]
    folder: str = "anat"
    suffix: str = ""
    """Of the BIDS file; the name where it is left empty."""
    entity: str = ""
    """BIDS entity before the suffix, where the suffix alone would not tell the image."""
    acquisition: str = ""
    """Sequences of one acquisition are read from the same noisy channels; the name where it is left empty."""
    reading: Reading = _first
    also: tuple[tuple[str, Reading], ...] = ()
    """Further images of the scan: suffix and reading."""
    reference: str = "white"
    """Tissue by whose signal the channels are scaled, and to which the noise is relative."""
    in_bids: bool = True
    """Whether BIDS 1.10 has the suffix; files of others are listed in `.bidsignore`."""
    units: str = ""
    """Of a map; empty for a magnitude image in the scanner's own units."""
    step: float = 1.0
    """Of the stored integers."""
    b_value_s_mm2: int | None = None
    """Of the image, where tables of b values and directions belong beside it; the gradient has no one direction."""

    @property
    def scan(self) -> str:
        """Name of the acquisition, by which random streams are told apart."""
        return self.acquisition or self.name

    def stem(self, visit: str) -> str:
        """Return the file name of a visit's image, without its ending: `sub-1_ses-01` -> `sub-1_ses-01_FLAIR`."""
        return "_".join(filter(None, (visit, self.entity, self.suffix or self.name)))


SEQUENCES = {
    sequence.name: sequence
    for sequence in (
        Sequence(name="FLAIR", title="fluid-attenuated inversion recovery", protocol=protocols.flair),
        Sequence(name="T1w", title="T1-weighted by the site's protocol", protocol=protocols.t1w),
        Sequence(name="T1SE", title="T1-weighted spin echo", protocol=protocols.t1se, entity="acq-SE", suffix="T1w"),
        Sequence(name="T2w", title="T2-weighted turbo spin echo", protocol=protocols.t2w),
        Sequence(name="PDw", title="proton-density-weighted turbo spin echo", protocol=protocols.pdw),
        Sequence(
            name="DIR",
            title="double inversion recovery",
            protocol=protocols.dir_,
            in_bids=False,
            reference="cortical_grey",
        ),
        Sequence(
            name="DWI",
            title="diffusion-weighted trace image of b 1000, and of b 0",
            protocol=protocols.dwi,
            acquisition="DWI",
            folder="dwi",
            suffix="dwi",
            reading=_second,
            also=(("S0map", _first),),
            b_value_s_mm2=1000,
        ),
        Sequence(
            name="ADC",
            title="apparent diffusion coefficient",
            protocol=protocols.dwi,
            acquisition="DWI",
            folder="dwi",
            reading=_adc,
            units="um^2/s",
        ),
        Sequence(
            name="MTR",
            title="magnetisation transfer ratio",
            protocol=protocols.mtr,
            suffix="MTRmap",
            reading=_transfer_ratio,
            units="%",
            step=0.01,
        ),
        Sequence(
            name="FA",
            title="fractional anisotropy",
            protocol=protocols.dti,
            acquisition="DTI",
            folder="dwi",
            reading=_fractional_anisotropy,
            units="1",
            step=1e-4,
        ),
        Sequence(
            name="RD",
            title="radial diffusivity",
            protocol=protocols.dti,
            acquisition="DTI",
            folder="dwi",
            reading=_radial,
            in_bids=False,
            units="um^2/s",
        ),
        Sequence(
            name="AD",
            title="axial diffusivity",
            protocol=protocols.dti,
            acquisition="DTI",
            folder="dwi",
            reading=_axial,
            in_bids=False,
            units="um^2/s",
        ),
        Sequence(
            name="DVR",
            title="distribution volume ratio of a myelin tracer (PET)",
            protocol=protocols.pet,
            folder="pet",
            entity="trc-PIB",
            reading=_distribution_volume_ratio,
            in_bids=False,
            units="1",
            step=1e-3,
        ),
    )
}
"""By name, as `--modalities` has them."""
