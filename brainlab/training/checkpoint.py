"""Files of a run folder, each written whole or not at all."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from brainlab.errors import InputError
from brainlab.files.json_text import parse_json
from brainlab.files.lfs_pointer import refuse_pointer
from brainlab.files.whole import whole_file

RESUME = "resume.pt"
WEIGHTS = "weights.safetensors"
METRICS = "metrics.jsonl"


def write_atomically(path: Path, save: Any) -> None:
    """Call `save(scratch_path)` and put the file in place when it is whole and on disk.

    Raises OSError that names `path` where that fails; on a full disk torch and safetensors raise errors of their own.
    """
    try:
        with whole_file(path, on_disk=True) as scratch:
            save(scratch)
    except (OSError, RuntimeError, SafetensorError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise OSError(error.errno, error.strerror, str(path)) from error
        reason = f"cannot be written ({_first_line(error)}); is the disk full?"
        raise OSError(errno.EIO, reason, str(path)) from error


def save_resume(folder: Path, state: dict[str, Any]) -> None:
    """Write everything that training needs to go on: tensors, numbers, strings and containers of them only."""
    write_atomically(folder / RESUME, lambda path: torch.save(state, path))


def load_resume(folder: Path) -> dict[str, Any]:
    """Read `save_resume`'s file; no object other than tensors and plain values is ever built from it."""
    path = folder / RESUME
    if not path.is_file():
        raise InputError(f"{folder}: no {RESUME} to resume from; train without --resume into a new folder")
    refuse_pointer(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # reading a damaged pickle can end in any error
        raise unusable(path, error) from error


def unusable(path: Path, error: Exception) -> InputError:
    """Return the error that tells on one line why a file of a run cannot be gone on from."""
    return InputError(f"{path}: cannot be read ({_first_line(error)}); train into a new folder")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def save_weights(folder: Path, module: nn.Module, dtype: torch.dtype = torch.float32) -> None:
    """Write a network's weights and buffers as safetensors, floating-point ones in `dtype`."""
    state = {
        name: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in module.state_dict().items()
    }
    write_atomically(folder / WEIGHTS, lambda path: save_file(state, path))


class MetricsFile:
    """`metrics.jsonl`: one JSON object a line, flushed as it is written, cut back to a checkpoint upon resume."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / METRICS

    def append(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """Return all whole lines; a full disk or a kill can leave the last one unfinished.

        Raises InputError naming a line that is damaged.
        """
        if not self.path.is_file():
            return []
        refuse_pointer(self.path)
        found = []
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            if not line.endswith(b"\n"):
                continue
            try:
                values = parse_json(line)
            except ValueError:
                values = None
            if not isinstance(values, dict) or "kind" not in values:
                raise InputError(f"{self.path}: line {number} is damaged; take that line out")
            found.append(values)
        return found

    def size(self) -> int:
        """Bytes written so far; remembered in each checkpoint."""
        return self.path.stat().st_size if self.path.exists() else 0

    def cut(self, size: int) -> None:
        """Drop the lines written after a checkpoint, so that no step is told twice."""
        if self.size() > size:
            os.truncate(self.path, size)
