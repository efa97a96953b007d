"""Latent codes as the browser and share links carry them: whole steps of 1/64; the same text is the same brain."""

import base64
import binascii
import zlib

import numpy as np

from brainlab.errors import InputError
from brainlab.types import Float32Array, FloatArray

STEPS_PER_UNIT = 64
LIMIT = 32767
SHA_DIGITS = 12
"""How much of a run's hash a share link carries: enough to notice that the run was trained anew."""


def to_steps(z: FloatArray) -> bytes:
    """Round a code [d] to little-endian int16 steps of 1/64."""
    steps = np.clip(np.rint(np.asarray(z, dtype=np.float64) * STEPS_PER_UNIT), -LIMIT, LIMIT)
    return steps.astype("<i2").tobytes()


def from_steps(steps: bytes, latent_dim: int) -> Float32Array:
    """Return the code [latent_dim] of `to_steps` bytes; raises InputError on another length."""
    if len(steps) != 2 * latent_dim:
        raise InputError(f"needs a code of {latent_dim} dimensions, got {len(steps) // 2}; open the page again")
    return (np.frombuffer(steps, dtype="<i2") / np.float32(STEPS_PER_UNIT)).astype(np.float32)


def to_base64(steps: bytes) -> str:
    """Steps as the component's data."""
    return base64.b64encode(steps).decode()


def from_base64(text: str) -> bytes:
    """Steps from the component's data."""
    return base64.b64decode(text)


def to_link(steps: bytes) -> str:
    """Steps as short text for a query parameter."""
    return base64.urlsafe_b64encode(zlib.compress(steps, 9)).decode().rstrip("=")


def from_link(text: str, latent_dim: int) -> bytes:
    """Steps from `to_link` text; raises InputError when the link is cut or of another run."""
    try:
        unpacker = zlib.decompressobj()
        steps = unpacker.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), 2 * latent_dim + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise InputError("the share link is damaged; copy it whole") from error
    if len(steps) != 2 * latent_dim:
        raise InputError(f"the share link holds {len(steps) // 2} dimensions, the run has {latent_dim}; choose its run")
    return steps
