"""A workspace with a cohort of forty 8 x 8 x 8 scans, and trainings of it that take seconds."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import write_prepared
from brainlab.experiments.background import control
from brainlab.experiments.background.request import Request
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.methods.method import Schedule
from brainlab.runs.methods import find_preset

SIZES = {"latent_dim": 4, "sample_shape": (1, 8, 8, 8), "widths": (8, 8), "dense_width": 16, "linear_rank": 2}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace with the cohort `tiny`, every tenth scan held out."""
    random = np.random.default_rng(0)
    scans = pd.DataFrame(
        {
            "participant": [f"p{i:02d}" for i in range(40)],
            "session": "1",
            "class": ["healthy", "ms"] * 20,
            "split": ["test" if i % 10 == 0 else "train" for i in range(40)],
        }
    )
    recipe = {"name": "tiny", "shape": [8, 8, 8], "affine": np.diag([4.0, 4, 4, 1]).tolist(), "simulated": True}
    volumes = (random.random((8, 8, 8)).astype(np.float32) for _ in range(40))
    write_prepared(tmp_path / "cohorts" / "tiny", volumes, scans, recipe)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.fixture
def tiny_request(workspace: Path) -> Callable[..., Request]:
    """Return a function that asks for an IntroVAE of a few thousand weights."""
    config: IntroVAEConfig = dataclasses.replace(find_preset("ivae-32")[1].config, warm_up_epochs=1, **SIZES)

    def ask(name: str = "mine", epochs: int = 3, **changes: Any) -> Request:
        schedule = Schedule(epochs=epochs, batch_size=4)
        return Request(
            **{"preset": "ivae-32", "cohort": "tiny", "name": name, "config": config, "schedule": schedule} | changes
        )

    return ask


@pytest.fixture
def sleepers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let a start begin a process that does nothing; return those that were begun, which end with the test."""
    begun: list[subprocess.Popen[bytes]] = []

    class Sleeper(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            begun.append(self)

    monkeypatch.setattr(control, "argv", lambda words: [sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(control.subprocess, "Popen", Sleeper)
    yield begun
    for process in begun:
        process.kill()
        process.wait()


@pytest.fixture
def alive() -> int:
    """Return the number of a process that runs: this one."""
    return os.getpid()
