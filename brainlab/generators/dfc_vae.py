"""The deep feature consistent VAE of the DWI comparison (sections 2.3 and 3.2): images are compared by what a network
sees in them, not pixel by pixel (Hou et al. 2017, arXiv:1610.00291).

Objective, per sample and then averaged over the batch:

    L = feature_weight * (L_1 + L_2 + L_3 + pixel_weight * L_0) + KL(E(x))        z ~ E(x)
    L_l = mean over maps and positions of (psi_l(x) - psi_l(G(z)))^2 / (2 s_l)    equations 6 and 7; psi_0(x) = x

with s_l the mean square of psi_l over real images, measured once, so that 0.5 is what a level costs whose maps are all
missed. Encoder and decoder are those of `conv_vae.py`, as in the paper.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators import conv_vae
from brainlab.generators.conv_vae import DWI_BUDGET, ConvNetworkConfig, ConvVAE, GaussianConvRecipe
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.networks.perceptual.feature_network import FeatureNetwork
from brainlab.networks.perceptual.find import find_features
from brainlab.ranges import Positive, Weight

PRINTED_WEIGHT = 2e-9
"""Of the perceptual loss in the paper."""
MEASURED = 256
"""Training images whose mean squares are measured."""
AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class DFCVAEConfig(ConvNetworkConfig):
    """Everything that decides a DFC VAE and what it learns; what is not named here is as in `ConvNetworkConfig`.

    features: the network that images are compared by: `tissue`, the folder of a tissue network, or a file of VGG16
        weights, which the paper took. It is needed to train and not to use a run.
    feature_weight: nats for one unit of the sum of the levels' errors; all three levels missed cost 1.5 units. It was
        chosen by samples, on 53,014 simulated slices. With 1,000, codes carried 54 nats after two epochs, half of which
        were no knowledge but a mismatch of all codes together with the prior (the variances of their principal axes:
        .13 to 11), and a third of the samples were no brains. With 200 it is 15 nats, .3 to 5, and one in eight after
        the first epoch. Look at samples and at the KL of held-out scans: below 5 nats double the weight, where many
        samples are no brains halve it. With VGG16, whose levels are not divided, the mean square of its maps belongs to
        the weight.
    pixel_weight: of the pixels' error, divided by its mean square too, beside that of one level: without it the
        features leave brightness and checkerboards to chance; .1 to .5 do.
    paper_exact: the printed weight of 2e-9 on equation 7 as it stands, without pixels and without dividing. It balances
        only with sums over maps of images in 0-255; with the means of equation 7 the KL is all that is minimised, and
        the code collapses to the prior.
    """

    features: str = "tissue"
    feature_weight: Positive = 200.0
    pixel_weight: Weight = 0.2
    paper_exact: bool = False


class DFCVAERecipe(GaussianConvRecipe):
    """The perceptual error on three levels of a frozen network, that of pixels, and the KL."""

    config: DFCVAEConfig

    def __init__(self, config: DFCVAEConfig) -> None:
        super().__init__(config)
        self.looks_first = not config.paper_exact
        self.weight = PRINTED_WEIGHT if config.paper_exact else config.feature_weight
        self.pixel_weight = 0.0 if config.paper_exact else config.pixel_weight
        self.mean_squares = [1.0] * 4
        """Of the pixels and of each level, by which errors are divided."""

    @functools.cached_property
    def features(self) -> FeatureNetwork:
        """The network that images are compared by, loaded when it is first needed; presets are described without it."""
        return find_features(self.config.features)

    def prepare(self, batch: Batch) -> None:
        """Measure the mean squares of pixels and maps on some training images."""
        images = batch.image[:: max(1, len(batch.image) // MEASURED)]
        with torch.no_grad():
            found = [
                torch.stack([maps.float().square().mean() for maps in self._seen(part)]) * len(part)
                for part in images.split(AT_ONCE)
            ]
        measured = (torch.stack(found).sum(0) / len(images)).tolist()
        # A level that gives nothing on real images has no error to be divided.
        levels = [1.0] * 3 if self.features.balanced else [value or 1.0 for value in measured[1:]]
        self.mean_squares = [measured[0] or 1.0, *levels]

    def reconstruction_cost(self, reconstruction: Tensor, x: Tensor) -> tuple[Tensor, dict[str, float]]:
        pixels, *levels = self.errors(reconstruction, x)
        features = torch.stack(levels).sum()
        cost = self.weight * (features + self.pixel_weight * pixels)
        named = {f"feature_error_{number}": level.item() for number, level in enumerate(levels, start=1)}
        return cost, {**named, "pixel_error": pixels.item()}

    def errors(self, reconstruction: Tensor, x: Tensor) -> list[Tensor]:
        """Return equation 7 of the pixels and of each level, divided by their mean squares: means over the batch."""
        with torch.no_grad():
            wanted = self._seen(x)
        pairs = zip(self._seen(reconstruction), wanted, self.mean_squares, strict=True)
        return [(ours.float() - theirs.float()).square().mean() / (2 * size) for ours, theirs, size in pairs]

    def _seen(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return images and their maps, fine to coarse."""
        return x, *self.features.to(x.device).levels(x)

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return the features' error on held-out images, and by which network; loudly, where it is not the paper's."""
        with torch.no_grad():
            _, *levels = self.errors(self.generator.eval().reconstruct(batch.image), batch.image)
        instead = "" if self.features.balanced else ", in place of the paper's VGG16"
        return {
            "held_out_feature_error": torch.stack(levels).sum().item(),
            "feature_network": f"{self.features}{instead}",
        }

    def state_dict(self) -> Mapping[str, Any]:
        return {"features_sha256": self.features.sha256, "mean_squares": self.mean_squares}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what was measured; raises InputError where the features are not those of the run's start."""
        if state["features_sha256"] != self.features.sha256:
            kept = str(state["features_sha256"])[:16]
            raise InputError(
                f"--features: the run was started with a network of sha256 {kept}, got {self.features}; put that one "
                "back, or train into a new folder"
            )
        self.mean_squares = [float(value) for value in state["mean_squares"]]


def check_batch(config: DFCVAEConfig, images: int) -> None:
    """Refuse batches of one image, and training without the feature network."""
    conv_vae.check_batch(config, images)
    try:
        find_features(config.features)
    except InputError as error:
        raise InputError(f"--features: {error}") from error


def without_effect(config: DFCVAEConfig) -> dict[str, str]:
    """Name the weights that the printed one stands in for."""
    return dict.fromkeys(("feature_weight", "pixel_weight"), "with --paper-exact") if config.paper_exact else {}


DWI = "DWI comparison, sections 2.3 and 3.2"
SMALL: dict[str, Any] = {"latent_dim": 4, "sample_shape": (1, 16, 8), "widths": (4, 8)}

# As `dwi-vae` and `dwi-vae-small`, for networks and training are the same in the paper.
METHOD = Method(
    name="dfc-vae",
    title="Deep-feature-consistent VAE",
    config=DFCVAEConfig,
    network=ConvVAE,
    recipe=DFCVAERecipe,
    view=conv_vae.view,
    abilities=conv_vae.METHOD.abilities,
    check_batch=check_batch,
    without_effect=without_effect,
    small=(DFCVAEConfig(**SMALL), DFCVAEConfig(**SMALL, paper_exact=True)),
    presets={
        "dwi-dfc-vae": Preset(
            config=DFCVAEConfig(),
            schedule=Schedule(epochs=2000, batch_size=64, ema_decay=0.0),
            recipe="dwi-slices-128",
            source=DWI,
            budget=DWI_BUDGET,
        ),
        "dwi-dfc-vae-small": Preset(
            config=DFCVAEConfig(widths=(16, 32, 64, 128), learning_rate=5e-4, cosine=True),
            schedule=Schedule(epochs=3, batch_size=64),
            recipe="dwi-slices-128",
            source=DWI,
            budget=DWI_BUDGET,
        ),
    },
)
