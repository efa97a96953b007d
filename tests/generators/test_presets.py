import json

import pytest
import torch

from brainlab.config import to_dict
from brainlab.errors import InputError
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.generators.presets import PRESETS, build_generator, config_from_dict, preset


def test_the_four_presets_differ_in_their_codes_as_in_the_paper():
    assert {name: config.latent_dim for name, config in PRESETS.items()} == {
        "vae-8": 8,
        "vae-512": 512,
        "ivae-32": 32,
        "ivae-256": 256,
    }
    assert all(isinstance(config, IntroVAEConfig) == name.startswith("ivae") for name, config in PRESETS.items())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_own_file(name):
    config = preset(name)
    assert config_from_dict(json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_weights_stay_small(name):
    bytes_in_half = 2 * sum(p.numel() for p in build_generator(preset(name)).parameters())
    assert bytes_in_half < 15e6


def test_the_bottom_has_the_paper_s_size():
    assert build_generator(preset("ivae-256")).decoder.bottom == (64, 5, 6, 5)
    with torch.inference_mode():
        assert build_generator(preset("vae-8")).eval().sample(1).shape == (1, 1, 40, 48, 40)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="no such preset"):
        preset("vae-9")
    with pytest.raises(InputError, match="config type"):
        config_from_dict({"type": "Other"})
