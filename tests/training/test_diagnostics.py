import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import laplace

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.registry import metrics
from brainlab.methods.generator import Autoencoder, Generator, Posterior
from brainlab.methods.prior import NormalPrior
from brainlab.methods.translator import Translator
from brainlab.training.diagnostics import describe, describe_translator, save_sample_grid, sharpness, spread


class Half(Autoencoder):
    """Encodes the mean intensity into the first of three dimensions; decodes it as a constant image."""

    sample_shape, prior = (1, 4, 4, 4), NormalPrior(3)

    def encode(self, x):
        mean = torch.zeros(len(x), 3)
        mean[:, 0] = x.flatten(1).mean(1)
        return Posterior(mean, torch.zeros(len(x), 3))

    def decode(self, z):
        return z[:, :1, None, None, None].expand(-1, 1, 4, 4, 4)


@pytest.mark.parametrize("size", [(5, 6), (5, 6, 7)])
def test_sharpness_is_on_the_scale_of_evaluations_in_two_and_three_dimensions(size):
    image = np.random.default_rng(0).random(size).astype(np.float32)
    found = sharpness(torch.from_numpy(image)[None, None])
    assert found == pytest.approx(255**2 * laplace(image, mode="mirror").var(), rel=1e-4)
    sets = ImageSets(real=image[None], generated=image[None])
    assert found == pytest.approx(metrics()["sharpness_real"].of(sets).value)


def test_sharpness_of_channels_is_their_mean():
    channels = torch.rand(2, 3, 6, 6)
    assert sharpness(channels) == pytest.approx(np.mean([sharpness(channels[:, [k]]) for k in range(3)]))


def test_equal_images_have_no_spread():
    assert spread(torch.ones(3, 1, 2, 2)) == 0


def test_spread_is_that_of_each_voxel_over_the_images():
    images = torch.stack([torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 1.0]])])[:, None]
    assert spread(images) == 0.25


def test_the_kl_of_samples_is_that_of_the_images_of_the_codes():
    codes = torch.randn(5, 3)
    found = describe(Half(), torch.rand(4, 1, 4, 4, 4), codes)
    assert np.isclose(found["held_out_kl_generated"], float(codes[:, 0].square().mean() / 2), rtol=1e-4)


def test_a_generator_is_described_in_evaluation_mode():
    generator = Half()
    generator.train()
    describe(generator, torch.rand(4, 1, 4, 4, 4), torch.randn(5, 3))
    assert not generator.training


def test_only_dimensions_that_carry_something_are_active():
    real = torch.linspace(0.2, 0.9, 6).view(-1, 1, 1, 1, 1).expand(-1, 1, 4, 4, 4)
    found = describe(Half(), real, torch.randn(5, 3))
    assert found["active_units"] == 1
    assert found["held_out_mse"] < 1e-10
    assert found["sharpness_generated"] < 1e-5
    assert found["kl_per_dimension"][1:] == [0, 0]


def test_a_generator_without_an_encoder_is_described_by_its_samples():

    class Decoder(Generator):
        def decode(self, z):
            return Half().decode(z)

    decoder = Decoder()
    found = describe(decoder, torch.rand(4, 1, 4, 4, 4), torch.randn(5, 3))
    assert "sharpness_generated" in found
    assert "active_units" not in found


def test_the_grid_has_a_column_a_code_and_a_row_a_plane(tmp_path):
    save_sample_grid(Half(), torch.tensor([[0.0, 0, 0], [1.0, 0, 0]]), tmp_path / "grid.png")
    pixels = np.asarray(Image.open(tmp_path / "grid.png"))
    assert pixels.shape == (2 * 3 * 4, 2 * 2 * 4)
    assert pixels[:, :8].max() == 0
    assert pixels[:, 8:].min() == 255


class Nothing(Translator):
    """Makes 0 of everything."""

    def translate(self, x):
        return torch.zeros_like(x[:, :1])


def test_a_translator_is_watched_over_the_voxels_that_count():
    truth = torch.tensor([1.0, 3.0, 100.0]).expand(2, 1, 3, 3, 3)
    whole = describe_translator(Nothing(), Batch(truth, target=truth))
    assert whole["held_out_mse"] == pytest.approx(10010 / 3)
    inside = describe_translator(Nothing(), Batch(truth, target=truth, brain=truth < 50))
    assert (inside["held_out_mse"], inside["held_out_mse_of_mean"], inside["held_out_l1"]) == (5.0, 1.0, 2.0)
    with pytest.raises(InputError, match="--within brain: needs held-out patches with brain, got none"):
        describe_translator(Nothing(), Batch(truth, target=truth, brain=truth < 0))
