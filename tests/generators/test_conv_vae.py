import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import mse_loss

from brainlab.cli import main
from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.experiments.training import train
from brainlab.experiments.training_plan import Machine
from brainlab.generators.conv_vae import METHOD, ConvVAE, ConvVAEConfig, ConvVAERecipe, Decoder, check_batch, doubling
from brainlab.methods.method import Schedule
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior

DWI, IXI = (METHOD.presets[name].config for name in ("dwi-vae", "vae2d-1024"))
TINY = ConvVAEConfig(latent_dim=3, sample_shape=(1, 16, 8), widths=(4, 8))


def sizes(network: nn.Module, *inputs: torch.Tensor) -> list[tuple[tuple[int, ...], int]]:
    """Return the shape of what each layer of a network gives, and its numbers as Keras counts them."""
    found = []

    def note(layer, _, output):
        numbers = [*layer.parameters(), *(value for name, value in layer.named_buffers() if name.startswith("running"))]
        found.append((tuple(output.shape[1:]), sum(value.numel() for value in numbers)))

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d | nn.Linear):
            layer.register_forward_hook(note)
    network(*inputs)
    return found


def test_the_encoder_is_the_listing_of_the_thesis():
    """Figures 3.8 and 3.10, line by line; Keras counts the running mean and variance of batch norm too."""
    with torch.device("meta"):
        encoder = ConvVAE(IXI).encoder
        found = sizes(encoder, torch.empty(2, 1, 128, 128))
    assert found == [
        *(((16, 64, 64), 272), ((16, 64, 64), 64)),
        *(((32, 32, 32), 8224), ((32, 32, 32), 128)),
        *(((64, 16, 16), 32832), ((64, 16, 16), 256)),
        *(((256, 8, 8), 262400), ((256, 8, 8), 1024)),
        *(((1024, 4, 4), 4195328), ((1024, 4, 4), 4096)),
        *(((1024,), 16778240), ((1024,), 16778240)),
    ]
    assert sum(numbers for _, numbers in found) == 38_061_104
    assert sum(weights.numel() for weights in encoder.parameters()) == 38_058_320


def test_the_decoder_of_the_thesis_is_its_encoder_in_reverse():
    with torch.device("meta"):
        found = sizes(Decoder(IXI), torch.empty(2, 1024))
    convolutions = [(shape, numbers) for shape, numbers in found[1:] if numbers != 4 * shape[0]]
    assert found[0] == ((16384,), 1024 * 16384 + 16384)
    assert convolutions == [
        ((outputs, side, side), 16 * inputs * outputs + outputs)
        for inputs, outputs, side in ((1024, 256, 8), (256, 64, 16), (64, 32, 32), (32, 16, 64), (16, 1, 128))
    ]


def test_the_network_of_the_dwi_comparison_has_its_layers():
    """Section 3.2: four convolutions of 4 x 4 and stride 2; 200 dimensions; four of 3 x 3 and stride 1, nearest x 2."""
    with torch.device("meta"):
        model = ConvVAE(DWI)
        down, up = sizes(model.encoder, torch.empty(2, 1, 128, 128)), sizes(model.decoder, torch.empty(2, 200))
    assert [shape for shape, _ in down[::2]][:4] == [(32, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8)]
    assert [shape for shape, _ in down[-2:]] == [(200,), (200,)]
    assert [shape for shape, _ in up[1::2]] == [(128, 16, 16), (64, 32, 32), (32, 64, 64), (1, 128, 128)]
    kernels = {"encoder": ((4, 4), (2, 2)), "decoder": ((3, 3), (1, 1))}
    for part, kernel in kernels.items():
        layers = [layer for layer in getattr(model, part).modules() if isinstance(layer, nn.Conv2d)]
        assert [(layer.kernel_size, layer.stride) for layer in layers] == [kernel] * 4
    doubled = [layer for layer in model.decoder.modules() if isinstance(layer, nn.Upsample)]
    assert [(layer.scale_factor, layer.mode) for layer in doubled] == [(2, "nearest")] * 4


def test_published_training_is_as_printed():
    printed = {"dwi-vae": (1e-4, 64, 2000), "vae2d-1024": (5e-4, 64, 500)}
    for name, (rate, batch_size, epochs) in printed.items():
        preset = METHOD.presets[name]
        schedule = Schedule(epochs=epochs, batch_size=batch_size, ema_decay=0.0)  # without a moving average
        assert preset.schedule == schedule
        assert (preset.config.learning_rate, preset.config.cosine) == (rate, False)


@pytest.mark.parametrize("name", ["dwi-vae", "vae2d-1024"])
def test_the_small_sibling_differs_in_maps_and_schedule_alone(name):
    config, small = METHOD.presets[name].config, METHOD.presets[f"{name}-small"].config
    schedule = {field: getattr(config, field) for field in ("widths", "learning_rate", "cosine")}
    assert dataclasses.replace(small, **schedule) == config
    with torch.device("meta"):
        weights = sum(numbers.numel() for numbers in ConvVAE(small).parameters())
    assert 2 * weights < 15e6, "half-precision weights stay small"


@pytest.mark.parametrize(("config", "weight"), [(DWI, 0.025 * 128 * 128), (IXI, 1000)])
def test_the_objective_is_the_printed_weight_times_the_mean_squared_error_and_the_kl(config, weight):
    torch.manual_seed(0)
    recipe = ConvVAERecipe(dataclasses.replace(config, widths=(2, 2, 2, 2), latent_dim=3))
    x = torch.rand(4, 1, 128, 128)
    model = recipe.generator.eval()
    torch.manual_seed(1)
    with torch.no_grad():
        mean, log_variance = model.encode(x)
        decoded = model.decode(draw_posterior(mean, log_variance))
        at_mean = model.reconstruct(x)
    torch.manual_seed(1)
    found = recipe.step(Batch(x), Progress(0, 10, 10))["loss"]
    kl = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    assert found == pytest.approx(float(weight * mse_loss(decoded, x) + kl), rel=1e-5)
    assert found != pytest.approx(float(weight * mse_loss(at_mean, x) + kl), rel=1e-7), "a drawn code, not the mean"


@pytest.mark.parametrize("cosine", [False, True])
def test_the_learning_rate_is_constant_from_the_first_step_unless_it_may_fall(cosine):
    recipe = ConvVAERecipe(dataclasses.replace(TINY, learning_rate=0.01, cosine=cosine))
    rates = []
    for at in (0, 50, 99):
        recipe.step(Batch(torch.rand(4, 1, 16, 8)), Progress(at, 100, 10))
        rates.append(recipe.optimisers["autoencoder"].param_groups[0]["lr"])
    falling = [0.005 * (1 + math.cos(math.pi * at / 100)) for at in (0, 50, 99)]
    assert rates == pytest.approx(falling if cosine else [0.01] * 3)


def test_the_optimiser_is_adam_over_every_weight():
    torch.manual_seed(0)
    recipe = ConvVAERecipe(dataclasses.replace(TINY, learning_rate=0.01))
    before = {name: weights.detach().clone() for name, weights in recipe.generator.named_parameters()}
    recipe.step(Batch(torch.rand(4, 1, 16, 8)), Progress(0, 100, 10))
    # Adam's first step is the rate along each gradient's sign.
    after = recipe.generator.state_dict()
    moved = {name: float((after[name] - weights).abs().max()) for name, weights in before.items()}
    biases = ("features.0.0.bias", "features.1.0.bias", "features.0.0.1.bias")  # batch norm takes them out again
    assert all(size == pytest.approx(0.01, rel=0.01) for name, size in moved.items() if not name.endswith(biases))


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
def test_images_lie_in_the_unit_range_and_posteriors_are_vectors(upsampling):
    torch.manual_seed(0)
    model = ConvVAE(dataclasses.replace(TINY, upsampling=upsampling)).eval()
    images = model.decode(1e4 * torch.randn(8, 3))
    assert images.shape == (8, 1, 16, 8)
    assert images.min() >= 0
    assert images.max() <= 1
    assert images.max() - images.min() > 0.9, "the whole range can be had"
    mean, log_variance = model.encode(images)
    assert mean.shape == log_variance.shape == (8, 3)
    assert not torch.allclose(mean, log_variance)


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
def test_nothing_bends_the_logits_after_the_last_convolution(upsampling):
    model = ConvVAE(dataclasses.replace(TINY, upsampling=upsampling)).eval()
    *_, last = (layer for layer in model.decoder.last.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d))
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, -3.0)
    assert torch.allclose(model.decode(torch.randn(2, 3)), torch.sigmoid(torch.tensor(-3.0)))


def test_nearest_upsampling_leaves_no_mark_at_the_border():
    torch.manual_seed(0)
    doubled = doubling("nearest", 3, 2)(torch.ones(1, 3, 4, 4))
    assert doubled.shape == (1, 2, 8, 8)
    assert torch.allclose(doubled, doubled[:, :, :1, :1].expand_as(doubled), atol=1e-6)


def test_the_slope_below_zero_is_the_config_s():
    layers = ConvVAE(dataclasses.replace(TINY, leak=0.3)).modules()
    assert [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)] == [0.3] * 3


def write_cohort(folder, sides, plane=None):
    random = np.random.default_rng(0)
    scans = pd.DataFrame(
        {"participant": [f"p{i}" for i in range(6)], "class": "healthy", "split": ["train"] * 5 + ["test"]}
    )
    recipe = {"name": "tiny", "shape": sides, "affine": np.eye(4).tolist(), "simulated": True}
    recipe |= {"plane": plane} if plane else {}
    return write_prepared(folder, (random.random(sides).astype(np.float32) for _ in range(6)), scans, recipe)


@pytest.mark.parametrize(("sides", "plane"), [([16, 8], "axial"), ([16, 8, 20], None)])
def test_it_trains_on_slices_and_on_slices_cut_from_volumes(tmp_path, sides, plane):
    data = write_cohort(tmp_path / "data", sides, plane)
    schedule, machine = Schedule(epochs=1, batch_size=4), Machine(device="cpu", precision="32")
    last = train("dwi-vae", data, tmp_path / "run", config=TINY, schedule=schedule, machine=machine)
    assert len(last["kl_per_dimension"]) == TINY.latent_dim
    assert last["active_units"] == sum(kl > 0.01 for kl in last["kl_per_dimension"])


@pytest.mark.parametrize(
    ("sides", "plane", "words", "message"),
    [
        ([40, 48], "axial", [], r"needs slices of (128, 128) pixels, got (40, 48); prepare"),
        (
            [40, 48],
            "axial",
            ["--sample-shape", "1", "40", "48"],
            "--widths: needs 1 to 3 of them, got 4, as sides of 40 x 48 do not divide by 16",
        ),
        ([128, 128], "sagittal", [], "needs axial slices, got"),
        ([128, 128], "axial", ["--sample-shape", "128", "128"], "--sample-shape: needs"),
    ],
)
def test_data_that_do_not_suit_are_refused_in_one_line(tmp_path, capsys, sides, plane, words, message):
    write_cohort(tmp_path / "data", sides, plane)
    command = ["train", "dwi-vae", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *words]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_settings_that_do_not_fit_together_are_refused():
    with pytest.raises(InputError, match="--widths: needs one width or more"):
        ConvVAE(dataclasses.replace(TINY, widths=()))
    with pytest.raises(InputError, match="--batch-size: needs 2 or more images"):
        check_batch(TINY, 1)
    check_batch(TINY, 2)
