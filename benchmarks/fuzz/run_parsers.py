"""Readers of trained runs and networks, which people pass on."""

import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from benchmarks.fuzz.parser import DEEP, LARGE, Parser, in_file
from brainlab.experiments.background.record import RECORD
from brainlab.experiments.background.state import about, state
from brainlab.networks.perceptual.tissue_folder import load_tissue
from brainlab.networks.perceptual.vgg16 import _read as read_vgg16
from brainlab.runs.evaluation_values import VALUES, read_values
from brainlab.runs.files import read_evaluation, read_settings
from brainlab.runs.run import load_run
from brainlab.training.checkpoint import RESUME, MetricsFile, load_resume, save_resume
from brainlab.workspace import MODELS

RUN, SMALL = MODELS / "vae-8", MODELS / "flair-t1-t2"
TISSUE = MODELS / "features" / "tissue-slices"
TRAINING = {
    "pid": 1,
    "born": "x",
    "preset": "vae-8",
    "cohort": "a",
    "started": 1.5,
    "total_steps": 9,
    "asked_to_stop": 2.0,
}
EVALUATION = json.dumps({"mse": {"value": 0.1, "sd": None, "n": 3, "settings": {}, "better": "lower"}}).encode()


def _config() -> bytes:
    """Return a config of which the hashes of what was trained on are cut to two of each."""
    values = json.loads((RUN / "config.json").read_text(encoding="utf-8"))
    for name, value in values["data"].items():
        if isinstance(value, list):
            values["data"][name] = value[:2]
        if isinstance(value, dict):
            values["data"][name] = dict(list(value.items())[:2])
    return json.dumps(values).encode()


def _weights(content: bytes, folder: Path) -> Any:
    (folder / "config.json").write_bytes((SMALL / "config.json").read_bytes())
    (folder / "weights.safetensors").write_bytes(content)
    return load_run(folder)


def _small_weights() -> Iterable[bytes]:
    from safetensors.torch import save

    yield (SMALL / "weights.safetensors").read_bytes()
    yield save({"a": torch.zeros(2, 3), "b": torch.ones(4, dtype=torch.float16)})


def _training(name: str) -> Callable[[bytes, Path], Any]:
    """Return what reads a folder of a training that the app started, of which an input is one file."""

    def parse(content: bytes, folder: Path) -> Any:
        (folder / name).write_bytes(content)
        return about(folder), state(folder)

    return parse


def _resume() -> Iterable[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        save_resume(Path(folder), {"networks": {"a": torch.zeros(3)}, "progress": {"step": 1}, "text": "x"})
        yield (Path(folder) / RESUME).read_bytes()


def _saved_by_torch() -> Iterable[bytes]:
    for old in (False, True):
        stream = io.BytesIO()
        torch.save({"features.0.bias": torch.zeros(2)}, stream, _use_new_zipfile_serialization=not old)
        yield stream.getvalue()


def _tissue(content: bytes, folder: Path) -> Any:
    (folder / "weights.safetensors").write_bytes((TISSUE / "weights.safetensors").read_bytes())
    (folder / "config.json").write_bytes(content)
    return load_tissue(folder)


def _values(content: bytes, folder: Path) -> Any:
    (folder / "evaluation.json").write_bytes(EVALUATION)
    (folder / VALUES).write_bytes(content)
    run: Any = SimpleNamespace(folder=folder, evaluation_file=folder / "evaluation.json")
    return read_values(run)


def _whole_values() -> Iterable[bytes]:
    stream = io.BytesIO()
    of = np.array(hashlib.sha256(EVALUATION).hexdigest())
    ones = np.ones(2)
    np.savez(stream, evaluation_sha256=of, rows=np.arange(2), people=np.arange(2), **{"real.mse": ones})
    yield stream.getvalue()


PARSERS = {
    "run-config": Parser(
        lambda: [_config(), DEEP],
        in_file("config.json", lambda path: read_settings(path.parent, to_resume=True)),
    ),
    "run-weights": Parser(_small_weights, _weights, LARGE),
    "run-checkpoint": Parser(_resume, in_file(RESUME, lambda path: load_resume(path.parent))),
    "training-config": Parser(lambda: [_config(), DEEP], _training("config.json")),
    "training-record": Parser(lambda: [json.dumps(TRAINING).encode(), DEEP], _training(RECORD)),
    "training-metrics": Parser(lambda: [(TISSUE / "metrics.jsonl").read_bytes()], _training("metrics.jsonl")),
    "run-metrics": Parser(
        lambda: [(TISSUE / "metrics.jsonl").read_bytes(), DEEP + b"\n"],
        in_file("metrics.jsonl", lambda path: MetricsFile(path.parent).lines()),
    ),
    "run-evaluation": Parser(lambda: [EVALUATION, DEEP], in_file("evaluation.json", read_evaluation)),
    "run-values": Parser(_whole_values, _values),
    "tissue-config": Parser(lambda: [(TISSUE / "config.json").read_bytes(), DEEP], _tissue),
    "vgg16-weights": Parser(_saved_by_torch, in_file("a.pth", read_vgg16)),
}
