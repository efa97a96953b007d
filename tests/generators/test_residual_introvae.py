"""The IntroVAE of the DWI comparison: the published weights, margin and statistics."""

import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.residual_introvae import METHOD, ResidualAutoencoder, ResidualIntroVAEConfig, recipe
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior, hinge_below, kl_to_prior

PUBLISHED = METHOD.presets["dwi-ivae"]
TINY = dataclasses.replace(PUBLISHED.config, latent_dim=3, sample_shape=(1, 8, 8), widths=(4, 4))


def first_step(config, x, **changes):
    torch.manual_seed(0)
    made = recipe(dataclasses.replace(config, **changes))
    torch.manual_seed(1)
    return made, made.step(Batch(x), Progress(0, 20, 2))


def test_the_preset_has_the_figures_that_the_paper_prints():
    assert (PUBLISHED.config.margin, PUBLISHED.config.latent_dim) == (110, 256)
    assert (PUBLISHED.config.learning_rate, PUBLISHED.config.adversarial_learning_rate) == (2e-4, 2e-4)
    assert (PUBLISHED.schedule.batch_size, PUBLISHED.schedule.epochs) == (8, 300)


def test_the_first_step_lowers_the_paper_s_loss_of_the_encoder_four_times_over():
    """Equation 8 with .25 on each KL and .5 on the squared error; Adam does not see that it is a quarter."""
    x = torch.rand(4, 1, 8, 8)
    torch.manual_seed(0)
    plain = ResidualAutoencoder(TINY)
    made, losses = first_step(TINY, x, reconstructions_too=False)
    torch.manual_seed(1)
    mean, log_variance = plain.gaussian(x)
    z = draw_posterior(mean, log_variance)
    error = (plain.decode(z) - x).square().flatten(1).sum(1).mean()
    fakes = plain.decode(torch.randn_like(z))
    hinge = hinge_below(kl_to_prior(*plain.gaussian(fakes)), 110.0).mean()
    published = 0.25 * (kl_to_prior(mean, log_variance).mean() + hinge) + 0.5 * error
    assert losses["loss"] == pytest.approx(4 * published.item(), rel=1e-4)
    assert made.margin == 110


def test_batch_norm_goes_on_with_the_statistics_of_each_batch_as_published():
    x = torch.rand(4, 1, 8, 8)
    published, _ = first_step(TINY, x)
    assert published.generator.encoder.features[1].training
    ours, _ = first_step(TINY, x, paper_exact=False, warm_up_epochs=1)
    ours.step(Batch(x), Progress(2, 20, 2))
    assert not ours.generator.encoder.features[1].training


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"margin": None}, "--margin: needs a number"),
        ({"paper_exact": False}, "--warm-up-epochs: needs 1 or more"),
        ({"flip": True, "plane": "sagittal"}, "--flip: needs slices"),
        ({"sample_shape": (1, 10, 8)}, "divide by 4"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes, said):
    with pytest.raises(InputError, match=said):
        recipe(dataclasses.replace(TINY, **changes))


def test_one_image_has_no_statistics():
    with pytest.raises(InputError, match="--batch-size"):
        METHOD.check_batch(ResidualIntroVAEConfig(), 1)
