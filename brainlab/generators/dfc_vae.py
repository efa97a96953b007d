"""The deep feature consistent VAE of the DWI comparison (sections 2.3 and 3.2): images are compared by what a network
sees in them, not pixel by pixel (Hou et al. 2017, arXiv:1610.00291).

Objective, per sample and then averaged over the batch:

    L = feature_weight * (L_1 + L_2 + L_3 + pixel_weight * L_0) + KL(E(x))        z ~ E(x)
    L_l = mean over maps and positions of (psi_l(x) - psi_l(G(z)))^2 / (2 s_l)    equations 6 and 7; psi_0(x) = x

with s_l the mean square of psi_l over real images, measured once, so that 0.5 is what a level costs whose maps are all
missed. Encoder and decoder are those of `conv_vae.py`, as in the paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators import conv_vae
from brainlab.generators.conv_vae import DWI, ConvVAEConfig, ConvVAERecipe
from brainlab.generators.vae import set_learning_rate
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error
from brainlab.networks.perceptual.find import find_features
from brainlab.ranges import Positive, Weight

PRINTED_WEIGHT = 2e-9
"""Of the perceptual loss in the paper."""
MEASURED = 256
"""Training images whose mean squares are measured."""
AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class DFCVAEConfig(ConvVAEConfig):
    """Everything that decides a DFC VAE and what it learns; what is not named here is as in `ConvVAEConfig`.

    features: the network that images are compared by: `tissue`, the folder of a tissue network, or a file of VGG16
        weights, which the paper took. It is needed to train and not to use a run.
    feature_weight: nats for one unit of the sum of the levels' errors. All three levels missed cost 1.5 units, the mean
        of all images in place of each about half of that; a code of some 100 nats, at which the other VAEs here draw
        brains from the prior, saves about half of that again, 0.4 units. By rate and distortion the last of 100 nats,
        spread over as many dimensions, saves 2 / 100 * exp(-2) of these, .001 units: it is worth its price from 1,000
        nats a unit on. Look at the KL of held-out scans: below 20 nats double the weight, above 300 halve it. With
        VGG16, whose levels are not divided, the mean square of its maps belongs to the weight.
    pixel_weight: of the pixels' error, divided by its mean square too, beside that of one level: without it the
        features leave brightness and checkerboards to chance; .1 to .5 do.
    paper_exact: the printed weight of 2e-9 on equation 7 as it stands, without pixels and without dividing. It balances
        only with sums over maps of images in 0-255; with the means of equation 7 the KL is all that is minimised, and
        the code collapses to the prior.
    reconstruction_weight is of no use here and stays as it is.
    """

    features: str = "tissue"
    feature_weight: Positive = 1000.0
    pixel_weight: Weight = 0.2
    paper_exact: bool = False
