"""Where the networks of runs compute."""

import os

import torch

from brainlab.errors import InputError

DEVICES = ("auto", "cpu", "cuda")
DEVICE_VARIABLE = "BRAINLAB_DEVICE"
"""Environment variable for the device of runs that are opened without one, as the app does."""


def find_device(name: str | None) -> str:
    """Return `cpu` or `cuda` for a choice of DEVICES. Raises InputError where there is no such device."""
    name = name or os.environ.get(DEVICE_VARIABLE) or "cpu"
    if name not in DEVICES:
        raise InputError(f"--device: needs one of {', '.join(DEVICES)}, got {name}")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device: needs a GPU for cuda, found none; use --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
