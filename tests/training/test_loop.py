import itertools
import json
import signal
from functools import cached_property

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file
from torch import nn

from brainlab.cohort.views import Batch
from brainlab.errors import InputError, TrainingStoppedError
from brainlab.methods.generator import Generator
from brainlab.methods.method import Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Recipe
from brainlab.training.loop import Loop, _thinned
from brainlab.training.state import Watch


class Scale(Generator):
    """The smallest generator: one weight."""

    sample_shape = (1, 4, 4)

    def __init__(self):
        super().__init__()
        self.prior = NormalPrior(1)
        self.weight = nn.Parameter(torch.zeros(1))

    def decode(self, z):
        return (self.weight * z)[:, :, None, None].expand(-1, 1, 4, 4)


class MeanRecipe(Recipe):
    """Learns the mean intensity; a recipe that is no autoencoder, to show that the loop asks for nothing more."""

    def __init__(self, poison_at=None, looks_first=True):
        self.generator = Scale()
        self.networks = {"scale": self.generator}
        self.seen, self.poison_at, self.looks_first, self.prepared = [], poison_at, looks_first, None

    @cached_property
    def optimisers(self):
        return {"scale": torch.optim.SGD(self.generator.parameters(), lr=0.1)}

    def prepare(self, batch):
        self.prepared = batch.image.shape

    def step(self, batch, progress):
        batch = batch.image
        self.seen.append(batch[:, 0, 0, 0].tolist())
        loss = (self.generator.weight - batch.mean()).square().sum()
        if len(self.seen) == self.poison_at:
            loss = loss * float("nan")
        self.optimisers["scale"].zero_grad()
        loss.backward()
        self.optimisers["scale"].step()
        return {"loss": loss.item()}


IMAGES = (np.arange(11, dtype=np.float32) / 10)[:, None, None, None] * np.ones((1, 1, 4, 4), np.float32)


def make_loop(folder, recipe, *, resume=False, **changes):
    settings = {"epochs": 3, "batch_size": 2, "ema_decay": 0.9, "log_steps": 2, "checkpoint_steps": 2, "watched": 4}
    settings |= changes
    parts = [{name: settings[name] for name in vars(part()) if name in settings} for part in (Schedule, Watch)]
    schedule, watch = Schedule(**parts[0]), Watch(**parts[1])
    rows = np.arange(10)
    folder.mkdir(exist_ok=True)
    fabric = Fabric(accelerator="cpu", devices=1)
    return Loop(recipe, lambda i: Batch(IMAGES[i]), rows, rows[:0], schedule, watch, folder, fabric, resume=resume)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def test_an_epoch_sees_every_scan_once_and_epochs_differ(tmp_path):
    recipe = MeanRecipe()
    make_loop(tmp_path, recipe).run()
    epochs = [list(itertools.chain(*recipe.seen[start : start + 5])) for start in (0, 5, 10)]
    for seen in epochs:
        assert np.allclose(sorted(seen), IMAGES[:10, 0, 0, 0])
    assert epochs[0] != epochs[1]


def test_the_order_of_scans_follows_from_the_seed(tmp_path):
    orders = []
    for number, seed in enumerate((0, 0, 1)):
        recipe = MeanRecipe()
        make_loop(tmp_path / str(number), recipe, seed=seed).run()
        orders.append(recipe.seen)
    assert orders[0] == orders[1] != orders[2]


def test_an_epoch_s_losses_are_the_means_of_its_own_steps(tmp_path):
    make_loop(tmp_path, MeanRecipe(), log_steps=1).run()
    told = lines(tmp_path)
    for epoch in (1, 2, 3):
        steps = [line["loss"] for line in told if line["kind"] == "step" and line["epoch"] == epoch - 1]
        line = next(line for line in told if line["kind"] == "epoch" and line["epoch"] == epoch)
        assert len(steps) == 5
        assert line["loss"] == pytest.approx(np.mean(steps), rel=1e-4)


def test_an_epoch_s_line_holds_the_means_and_the_diagnostics(tmp_path):
    last = make_loop(tmp_path, MeanRecipe()).run()
    told = lines(tmp_path)
    steps = [line for line in told if line["kind"] == "step"]
    assert [line["step"] for line in steps] == [2, 4, 6, 8, 10, 12, 14]
    assert told[-1] == last
    assert {"loss", "gradient_norm", "samples_per_second", "sharpness_generated", "spread_real"} <= set(last)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == [f"epoch-000{i}.png" for i in (1, 2, 3)]


def test_the_average_lags_behind_the_weights(tmp_path):
    loop = make_loop(tmp_path, MeanRecipe(), epochs=1, ema_decay=0.5)
    averages, weights = [], []
    original = loop.recipe.step

    def step(batch, progress):
        losses = original(batch, progress)
        weights.append(loop.recipe.generator.weight.item())
        return losses

    loop.recipe.step = step
    loop.run()
    for number, weight in enumerate(weights):
        decay = min(0.5, (1 + number) / (10 + number)) if number else 0
        averages.append(decay * averages[-1] + (1 - decay) * weight if number else weight)
    assert loop.average.module.weight.item() == pytest.approx(averages[-1])


def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint(tmp_path):
    with pytest.raises(TrainingStoppedError, match="not finite"):
        make_loop(tmp_path, MeanRecipe(poison_at=8)).run()
    again = make_loop(tmp_path, MeanRecipe(), resume=True)
    assert again.state.step == 6
    assert torch.isfinite(again.recipe.generator.weight).all()
    assert again.run()["epoch"] == 3


class BatchNormRecipe(MeanRecipe):
    """Its generator also keeps statistics of what it has seen, as batch norm does."""

    def __init__(self):
        super().__init__()
        self.generator.norm = nn.BatchNorm2d(1)
        self.modes = []

    def step(self, batch, progress):
        self.modes.append(self.generator.training)
        self.generator.norm(batch.image)
        return super().step(batch, progress)


def test_the_average_takes_over_the_statistics_of_batch_norm(tmp_path):
    loop = make_loop(tmp_path, BatchNormRecipe())
    loop.run()
    live = loop.recipe.generator
    assert live.norm.running_mean.item() > 0.1
    shipped = load_file(tmp_path / "weights.safetensors")
    for name, buffer in live.named_buffers():
        assert torch.equal(dict(loop.average.module.named_buffers())[name], buffer)
        assert torch.equal(shipped[name], buffer)


def test_every_step_is_trained_in_training_mode(tmp_path):
    loop = make_loop(tmp_path, BatchNormRecipe())
    loop.run()
    assert loop.recipe.modes == [True] * 15
    assert loop.average.module.norm.training is False


def test_samples_are_drawn_from_the_prior_as_it_is_by_then(tmp_path):
    class Moving(NormalPrior):
        def draw(self, n, noise, truncation=1.0):
            return super().draw(n, noise, truncation) + 10 * loop.state.step

    recipe = MeanRecipe()
    recipe.generator.prior = Moving(1)
    loop = make_loop(tmp_path, recipe)
    last = loop.run()
    assert loop.shown.mean() > 100
    assert torch.equal(loop.shown, loop.shown)
    assert last["spread_generated"] > 0


def test_the_average_is_what_is_shipped_and_described(tmp_path):
    loop = make_loop(tmp_path, MeanRecipe(), ema_decay=0.99)
    last = loop.run()
    average, live = loop.average.module.weight.item(), loop.recipe.generator.weight.item()
    assert abs(average - live) > 0.01
    assert load_file(tmp_path / "weights.safetensors")["weight"].item() == pytest.approx(average)
    assert last["spread_generated"] == pytest.approx(average * loop.shown[:4].std(correction=0).item(), rel=1e-4)


def test_diagnostics_look_at_held_out_scans_and_training_never_does(tmp_path):
    recipe, held_out = MeanRecipe(), np.array([8, 9, 10])
    tmp_path.mkdir(exist_ok=True)
    schedule = Schedule(epochs=1, batch_size=2, ema_decay=0.9)
    fabric = Fabric(accelerator="cpu", devices=1)
    fetch = lambda i: Batch(IMAGES[i])  # noqa: E731
    last = Loop(recipe, fetch, np.arange(8), held_out, schedule, Watch(), tmp_path, fabric).run()
    assert last["spread_real"] == pytest.approx(IMAGES[8:11, 0, 0, 0].std(), rel=1e-4)
    assert np.allclose(sorted(itertools.chain(*recipe.seen)), IMAGES[:8, 0, 0, 0])


def test_the_gradient_norm_is_that_of_every_step(tmp_path):
    recipe, weights = MeanRecipe(), []
    original = recipe.step
    recipe.step = lambda *given: weights.append(recipe.generator.weight.item()) or original(*given)
    make_loop(tmp_path, recipe, log_steps=1).run()
    told = [line["gradient_norm"] for line in lines(tmp_path) if line["kind"] == "step"]
    expected = [abs(2 * (weight - np.mean(seen))) for weight, seen in zip(weights, recipe.seen, strict=True)]
    assert told == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("broken", ["gradient", "loss"])
def test_a_gradient_or_a_loss_alone_that_is_not_finite_stops_the_training(tmp_path, broken):
    recipe = MeanRecipe()
    original = recipe.step

    def step(batch, progress):
        if len(recipe.seen) < 5:
            return original(batch, progress)
        if broken == "loss":
            return original(batch, progress) | {"loss": float("inf")}
        recipe.generator.weight.grad = torch.full((1,), float("inf"))
        recipe.optimisers["scale"].step()
        return {"loss": 0.0}

    recipe.step = step
    with pytest.raises(TrainingStoppedError, match=f"step 5: .*{broken}"):
        make_loop(tmp_path, recipe).run()
    assert torch.isfinite(make_loop(tmp_path, MeanRecipe(), resume=True).recipe.generator.weight).all()


def test_no_checkpoint_holds_weights_that_are_not_finite(tmp_path):
    recipe = MeanRecipe()
    original = recipe.step

    def step(batch, progress):
        losses = original(batch, progress)
        if len(recipe.seen) == 6:
            recipe.generator.weight.data.fill_(float("inf"))
        return losses

    recipe.step = step
    with pytest.raises(TrainingStoppedError, match="step 6: a weight of the scale is not finite"):
        make_loop(tmp_path, recipe).run()
    again = make_loop(tmp_path, MeanRecipe(), resume=True)
    assert again.state.step == 5
    assert torch.isfinite(again.recipe.generator.weight).all()


def test_an_interrupt_ends_the_step_and_leaves_a_checkpoint(tmp_path):
    recipe = MeanRecipe()
    loop = make_loop(tmp_path, recipe, checkpoint_steps=100)

    def interrupt(steps, total):
        for step in steps:
            if step == 3:
                signal.raise_signal(signal.SIGINT)
            yield step

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        loop.run(interrupt)
    again = make_loop(tmp_path, MeanRecipe(), resume=True)
    assert again.state.step == 4
    assert signal.getsignal(signal.SIGINT) is before


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    for state in ({}, [1], {"networks": {"scale": {}}}):
        torch.save(state, tmp_path / "resume.pt")
        with pytest.raises(InputError, match="cannot be read"):
            make_loop(tmp_path, MeanRecipe(), resume=True)


def test_scans_are_looked_at_once_and_only_if_wanted(tmp_path):
    recipe = MeanRecipe()
    make_loop(tmp_path, recipe).run()
    assert recipe.prepared == (10, 1, 4, 4)
    for recipe, resume in ((MeanRecipe(), True), (MeanRecipe(looks_first=False), False)):
        make_loop(tmp_path, recipe, resume=resume)
        assert recipe.prepared is None


def test_lines_written_after_the_checkpoint_are_told_once(tmp_path):
    def stop(steps, total):
        for step in steps:
            if step == 7:
                return
            yield step

    make_loop(tmp_path, MeanRecipe(), checkpoint_steps=3, log_steps=1).run(stop)
    again = make_loop(tmp_path, MeanRecipe(), log_steps=1, resume=True)
    assert again.state.step == 6
    again.run()
    assert [line["step"] for line in lines(tmp_path) if line["kind"] == "step"] == list(range(1, 16))


def test_thinned_rows_are_taken_from_the_whole_split():
    steps = np.diff(_thinned(np.arange(4000), 2048), prepend=0, append=3999)
    assert set(steps[1:-1].tolist()) == {1, 2}
    assert steps[0] == steps[-1] == 0
    assert _thinned(np.arange(3), 8).tolist() == [0, 1, 2]


def test_a_split_smaller_than_a_batch_still_trains(tmp_path):
    loop = make_loop(tmp_path, MeanRecipe(), batch_size=64, epochs=1)
    assert loop.run()["step"] == 1


class Filtered(Scale):
    """A generator with a convolution."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)

    def decode(self, z):
        return torch.sigmoid(self.conv(z[:, :, None, None].expand(-1, 4, 4, 4)).mean(1, keepdim=True))


class FilteredRecipe(MeanRecipe):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.generator = Filtered()
        self.networks = {"conv": self.generator}

    @cached_property
    def optimisers(self):
        return {"conv": torch.optim.Adam(self.generator.conv.parameters(), lr=0.1, fused=True)}

    def step(self, batch, progress):
        loss = (self.generator.decode(batch.image[:, 0, 0, :1]) - batch.image).square().mean()
        self.optimisers["conv"].zero_grad()
        loss.backward()
        self.optimisers["conv"].step()
        return {"loss": loss.item()}


@pytest.mark.parametrize(
    ("convolution", "layout"),
    [(nn.Conv2d, torch.channels_last), (nn.Conv3d, torch.channels_last_3d)],
)
def test_convolutions_lie_with_their_channels_last(tmp_path, convolution, layout):
    recipe = FilteredRecipe()
    recipe.networks = {"conv": convolution(4, 8, 3)}
    make_loop(tmp_path, recipe)
    assert recipe.networks["conv"].weight.is_contiguous(memory_format=layout)


def test_a_checkpoint_whose_tensors_lie_otherwise_is_taken_up_as_it_is(tmp_path):
    """Fused Adam goes through memory, not through indices: moments laid out otherwise would meet other weights."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    make_loop(whole, FilteredRecipe(), epochs=2).run()
    first = make_loop(stopped, FilteredRecipe(), epochs=2)
    first.schedule = Schedule(epochs=2, stop_after=1, batch_size=first.schedule.batch_size)
    first.run()
    assert first.recipe.generator.conv.weight.is_contiguous(memory_format=torch.channels_last)
    state = torch.load(stopped / "resume.pt", weights_only=True)
    kept = state["optimisers"]["conv"]["state"][0]
    assert not kept["exp_avg"].is_contiguous()
    for name in ("exp_avg", "exp_avg_sq"):
        kept[name] = kept[name].contiguous()
    torch.save(state, stopped / "resume.pt")
    make_loop(stopped, FilteredRecipe(), epochs=2, resume=True).run()
    ends = [torch.load(folder / "resume.pt", weights_only=True)["networks"]["conv"] for folder in (whole, stopped)]
    for name, expected in ends[0].items():
        torch.testing.assert_close(ends[1][name], expected, rtol=0, atol=1e-6, msg=name)
