"""Train small configs in this process, one of as many as the environment says; `test_processes.py` starts two.

Writes what the first process tells of each, and of the last one, which the second process leaves at its third step.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path

from brainlab.errors import TrainingStoppedError
from brainlab.experiments.method_checks import noise_of_images
from brainlab.experiments.training import make_loop
from brainlab.experiments.training_plan import Machine, Plan
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.methods.method import Schedule
from brainlab.runs.methods import methods
from brainlab.training.loop import Loop

METHODS = ("vae", "slice-vae", "vqvae", "fcn", "linear")
"""With noise for images and for slices, flips and batch normalisation; counts of all; none of these; sums of all."""
BATCH = 4


def loop_of(name: str, folder: Path, devices: int) -> Loop:
    """Return the loop of a method's first small config on noise."""
    method = methods()[name]
    config = method.small[0]
    if name == "vqvae":  # entries that nothing chose start anew at codes of the first process
        config = dataclasses.replace(config, restart_after=0)
    folder.mkdir(parents=True)
    translates = "translate" in method.abilities
    shape = () if translates else method.network(config).sample_shape
    data = noise_of_sequences(config, folder / "data", 8) if translates else noise_of_images(shape, folder / "data")
    schedule = Schedule(epochs=2, batch_size=BATCH)
    plan = Plan.of_preset(next(iter(method.presets)), data, config, schedule)
    (folder / "run").mkdir()
    fabric = Machine(device="cpu", devices=devices, precision="32").fabric()
    return make_loop(plan, folder / "run", fabric, 0, {"checkpoint_steps": 100, "half_weights": False})


def main(folder: Path, devices: int) -> None:
    second = os.environ["LOCAL_RANK"] != "0"
    own = folder / os.environ["LOCAL_RANK"]
    told = {name: loop_of(name, own / name, devices).run() for name in METHODS}
    left = loop_of("fcn", own / "left", devices)

    def leave(steps, total):
        for step in steps:
            if second and step == 2:
                os._exit(1)
            yield step

    try:
        left.run(leave)
    except TrainingStoppedError as error:
        told["left"] = str(error)
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
