import json
import subprocess
import sys

import torch
from safetensors.torch import load_file

from brainlab.experiments import training
from brainlab.experiments.training_plan import Machine
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.methods.method import Schedule

CHILD = """
import os, signal, sys
from pathlib import Path
from brainlab.cohort.prepared import PreparedDataset
from brainlab.config import from_dict
from brainlab.experiments import training
from brainlab.experiments.training_plan import Machine
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.methods.method import Schedule
import json

def kill_at(steps, total):
    for step in steps:
        if step == 16:
            os.kill(os.getpid(), signal.SIGKILL)
        yield step

config = from_dict(IntroVAEConfig, json.loads(sys.argv[3]))
training.train("ivae-32", PreparedDataset.open(sys.argv[1]), Path(sys.argv[2]), config=config, checkpoint_steps=3,
               schedule=Schedule(epochs=3, batch_size=4), machine=Machine(device="cpu"), show=kill_at)
"""

TINY = {
    "latent_dim": 4,
    "sample_shape": [1, 8, 8, 8],
    "widths": [8, 8],
    "dense_width": 16,
    "warm_up_epochs": 1,
    "dropout": 0.2,
    "flip": True,
    "linear_rank": 2,
}


def test_killed_in_mid_epoch_and_resumed_equals_the_uninterrupted_run_bit_for_bit(tiny_data, tmp_path):
    """9 steps an epoch: killed in step 17 of 27, in the adversarial part, two steps after a checkpoint."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    config = IntroVAEConfig(**{name: tuple(v) if isinstance(v, list) else v for name, v in TINY.items()})
    machine, schedule = Machine(device="cpu"), Schedule(epochs=3, batch_size=4)
    training.train("ivae-32", tiny_data, whole, config=config, schedule=schedule, checkpoint_steps=3, machine=machine)

    command = [sys.executable, "-c", CHILD, str(tiny_data.folder), str(killed), json.dumps(TINY)]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == -9, ended.stderr
    assert torch.load(killed / "resume.pt", weights_only=True)["progress"]["step"] == 15
    training.resume(killed, tiny_data, machine=machine)

    for name, expected in load_file(whole / "weights.safetensors").items():
        assert torch.equal(load_file(killed / "weights.safetensors")[name], expected), name
    ours, theirs = (torch.load(folder / "resume.pt", weights_only=True) for folder in (killed, whole))
    for name, expected in theirs["networks"]["autoencoder"].items():
        assert torch.equal(ours["networks"]["autoencoder"][name], expected), name
    assert torch.equal(ours["random"], theirs["random"])
    assert ours["recipe"] == theirs["recipe"]
    timeless = [
        [{k: v for k, v in json.loads(line).items() if k not in ("seconds", "samples_per_second")} for line in text]
        for text in ((folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines() for folder in (killed, whole))
    ]
    assert timeless[0] == timeless[1]
