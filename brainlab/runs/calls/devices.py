"""Where the networks of runs compute."""

import os
from contextlib import AbstractContextManager, nullcontext

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


def quick_arithmetic(device: str) -> AbstractContextManager[object]:
    """Return a context in which networks compute in bfloat16, where the device does so by itself; elsewhere in none.

    For what is looked at while it changes. Editing a scan by a flow takes a quarter of the time (40x48x40: 0.9 and 3.4
    seconds of one core), and is off by .0004 of the intensity range on average, as the 10 steps of the solver are.
    """
    return torch.autocast(device, dtype=torch.bfloat16) if computes_in_bfloat16(device) else nullcontext()


def computes_in_bfloat16(device: str) -> bool:
    """Whether `cpu` or `cuda` has bfloat16 of its own; where it is emulated, float32 takes less time."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
