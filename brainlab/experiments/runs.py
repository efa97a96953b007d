"""Trained runs: a folder on disk, and the network in it behind numpy arrays."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from brainlab.errors import InputError
from brainlab.generators.base import Autoencoder, Generator
from brainlab.generators.presets import build_generator, config_from_dict
from brainlab.generators.vae import VAEConfig
from brainlab.types import Float32Array, FloatArray
from brainlab.workspace import run_folders, workspace

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
PART = 16
"""Images that go through a network at once, so that memory does not grow with their number."""

_networks: dict[tuple[str, str, str], Generator] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Run:
    """A trained generator. `load_run(folder)` makes one; its calls take and give numpy and may be made from any thread.

    preset: the name it was trained under.  config: the method's settings.  settings: the whole `config.json`.
    """

    folder: Path
    name: str
    preset: str
    config: VAEConfig
    settings: dict[str, Any]

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights file; names caches that depend on this run."""
        return hashlib.sha256((self.folder / WEIGHTS).read_bytes()).hexdigest()

    @property
    def latent_dim(self) -> int:
        return self.config.latent_dim

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image, without channel."""
        return tuple(self.config.sample_shape[1:])

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from voxel indices to mm (RAS) of the scans it was trained on."""
        return np.asarray(self.settings["affine"], dtype=float)

    @property
    def simulated(self) -> bool:
        """Whether it was trained on simulated scans."""
        return bool(self.settings["data"]["simulated"])

    @property
    def has_encoder(self) -> bool:
        """Whether images can be encoded, not only drawn."""
        return isinstance(self.model(), Autoencoder)

    @property
    def card(self) -> str:
        """The run's card in Markdown; empty until training has ended."""
        path = self.folder / "card.md"
        return path.read_text() if path.is_file() else ""

    def metrics(self) -> pd.DataFrame:
        """Return `metrics.jsonl` as a table: rows of `kind` step and epoch; empty where there is none."""
        path = self.folder / "metrics.jsonl"
        if not path.is_file():
            return pd.DataFrame()
        whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return pd.DataFrame([json.loads(line) for line in whole])

    @property
    def evaluation_files(self) -> list[Path]:
        """Where an evaluation may lie: beside the run or, for a run in a folder that cannot be written to, apart."""
        apart = workspace() / "cache" / "evaluations" / self.sha256[:16]
        return [self.folder / "evaluation.json", apart / "evaluation.json"]

    def evaluation(self) -> dict[str, Any] | None:
        """Return what `brainlab evaluate` measured last, or None where it was not called."""
        written = [path for path in self.evaluation_files if path.is_file()]
        return json.loads(max(written, key=lambda path: path.stat().st_mtime).read_text()) if written else None

    def model(self, device: str = "cpu") -> Any:
        """Return the network in evaluation mode, float32; it is loaded once per process, device and weights file."""
        key = (str(self.folder), self.sha256, device)
        with _lock:
            if key not in _networks:
                for old in [other for other in _networks if (other[0], other[2]) == (key[0], device)]:
                    del _networks[old]
                _networks[key] = self._load(device)
            return _networks[key]

    def decode(self, z: FloatArray) -> Float32Array:
        """Return the images of codes: [n, latent_dim] -> [n, *shape] in [0, 1]."""
        z = np.asarray(z, dtype=np.float32)
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise InputError(f"{self.name}: decoding needs codes [n, {self.latent_dim}], got {list(z.shape)}")
        return self._in_parts(lambda part: (self.model().decode(part)[:, 0],), z)[0]

    def encode(self, x: FloatArray) -> tuple[Float32Array, Float32Array]:
        """Return posterior mean and log-variance, each [n, latent_dim], of images [n, 1, *shape] in [0, 1]."""
        x = np.asarray(x, dtype=np.float32)
        if x.shape[1:] != tuple(self.config.sample_shape):
            raise InputError(f"{self.name}: encoding needs images [n, 1, {self._sides}], got {list(x.shape)}")
        if not self.has_encoder:
            raise InputError(f"{self.name}: {self.preset} has no encoder; choose a run that has one")
        mean, log_variance = self._in_parts(self.model().encode, x)
        return mean, log_variance

    def sample(self, n: int, seed: int, truncation: float = 1.0) -> tuple[Float32Array, Float32Array]:
        """Draw images from the prior; the same seed gives the same ones.

        truncation: standard deviation of the codes; below 1 the images are nearer the mean image.
        Returns the codes [n, latent_dim] and the images [n, *shape].
        """
        random = torch.Generator().manual_seed(seed)
        z = (truncation * torch.randn(n, self.latent_dim, generator=random)).numpy()
        return z, self.decode(z)

    @property
    def _sides(self) -> str:
        return ", ".join(map(str, self.shape))

    def _load(self, device: str) -> Generator:
        network = build_generator(self.config)
        try:
            state = load_file(self.folder / WEIGHTS)
            network.load_state_dict({name: v.float() if v.is_floating_point() else v for name, v in state.items()})
        except (SafetensorError, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.folder / WEIGHTS}: does not fit its config ({reason}); train it again") from error
        return network.eval().requires_grad_(False).to(device)

    @staticmethod
    @torch.inference_mode()
    def _in_parts(function: Callable[[Any], tuple[Any, ...]], values: Float32Array) -> tuple[Float32Array, ...]:
        parts = [
            tuple(out.float().numpy() for out in function(torch.from_numpy(np.ascontiguousarray(values[i : i + PART]))))
            for i in range(0, max(1, len(values)), PART)
        ]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def load_run(folder: Path | str) -> Run:
    """Open a run folder. Raises InputError where it is not one, or holds no weights yet."""
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder}: not a run folder (no {CONFIG}); make one with 'brainlab train'")
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder}: no {WEIGHTS} yet; wait for the first epoch, or resume its training")
    try:
        settings = json.loads((folder / CONFIG).read_text())
        for name in ("sha256", "simulated", "participants"):
            settings["data"][name]
        np.asarray(settings["affine"], dtype=float).reshape(4, 4)
        return Run(folder, folder.name, settings["preset"], config_from_dict(settings["config"]), settings)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / CONFIG}: damaged ({error}); train the run again") from error


def list_runs() -> list[Run]:
    """Return every run that can be opened: those in `models/`, then the workspace's own; of a name the first counts."""
    found = []
    for folder in run_folders():
        with contextlib.suppress(InputError):
            found.append(load_run(folder))
    return found
