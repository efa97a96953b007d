"""When the diagnostics look at a training, what their lines tell of, and what a stop leaves."""

import itertools

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from brainlab.training.loop import Loop
from tests.training.test_loop import MeanRecipe, lines, make_loop


def test_a_look_tells_of_all_steps_since_the_one_before(tmp_path, monkeypatch):
    monkeypatch.setattr(Loop, "looks", [1, 2, 4, 6, 8, 9])
    loop = make_loop(tmp_path, MeanRecipe(), epochs=9, log_steps=1, grids=2)
    loop.run()
    told = lines(tmp_path)
    ends = [line for line in told if line["kind"] == "epoch"]
    steps = [line["loss"] for line in told if line["kind"] == "step"]
    assert [line["epoch"] for line in ends] == loop.looks
    assert ends[2]["loss"] == pytest.approx(np.mean(steps[10:20]), rel=1e-4)
    assert all("sharpness_generated" in line for line in ends)
    assert sorted(path.stem for path in (tmp_path / "samples").iterdir()) == [f"epoch-000{n}" for n in (1, 6, 9)]


def test_the_diagnostics_look_at_each_of_the_first_epochs_and_later_at_every_tenth_part_more(tmp_path):
    looks = make_loop(tmp_path, MeanRecipe(), epochs=500).looks
    assert looks[:22] == [*range(1, 21), 22, 24]
    assert looks[-1] == 500
    assert len(looks) < 60
    assert all(after <= 1.1 * before for before, after in itertools.pairwise(looks[20:]))
    assert make_loop(tmp_path / "few", MeanRecipe(), epochs=3).looks == [1, 2, 3]


def test_they_look_less_often_on_request(tmp_path):
    assert make_loop(tmp_path, MeanRecipe(), epochs=16, look_every=4).looks == [1, 5, 9, 13, 16]
    looks = make_loop(tmp_path / "long", MeanRecipe(), epochs=100, look_every=4).looks
    assert looks[11:] == [45, 49, 53, 58, 63, 69, 75, 82, 90, 99, 100]


def test_what_is_stopped_between_two_looks_is_kept_as_it_stands_and_goes_on_as_if_it_had_not_been(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(Loop, "looks", [1, 6])
    whole = make_loop(tmp_path / "whole", MeanRecipe(), epochs=6)
    whole.run()
    loop = make_loop(tmp_path / "run", MeanRecipe(), epochs=6)

    def stop(steps, total):
        for step in steps:
            loop._stop = step == 17
            yield step

    with pytest.raises(KeyboardInterrupt):
        loop.run(stop)
    told = lines(tmp_path / "run")
    assert (told[-1]["epoch"], told[-1]["step"]) == (3, 18)
    kept = load_file(tmp_path / "run" / "weights.safetensors")
    assert all(torch.equal(value, kept[name]) for name, value in loop.average.module.state_dict().items())
    make_loop(tmp_path / "run", MeanRecipe(), epochs=6, resume=True).run()
    ends = [
        [line for line in lines(folder) if line["kind"] == "epoch"] for folder in (tmp_path / "run", tmp_path / "whole")
    ]
    assert [[line["epoch"], line["loss"]] for line in ends[0]] == [[line["epoch"], line["loss"]] for line in ends[1]]
