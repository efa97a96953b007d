import hashlib

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from brainlab.errors import InputError
from brainlab.networks.perceptual.vgg16 import VGG16Features

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Numbers of the convolutions in torchvision's `vgg16().features`."""


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    return VGG16Features().state_dict()


def test_it_has_torchvision_s_names_and_number_of_weights(weights):
    assert list(weights) == [f"features.{i}.{part}" for i in CONVOLUTIONS for part in ("weight", "bias")]
    assert sum(value.numel() for value in weights.values()) == 14_714_688
    assert weights["features.28.weight"].shape == (512, 512, 3, 3)


def test_levels_are_the_first_relus_of_three_blocks(weights):
    network = VGG16Features()
    levels = network.levels(torch.rand(1, 1, 32, 48))
    assert [tuple(level.shape[1:]) for level in levels] == [(64, 32, 48), (128, 16, 24), (256, 8, 12)]
    assert all(level.min() == 0 for level in levels)
    assert network.vector(torch.rand(2, 1, 32, 32)).shape == (2, 512)


def test_grey_is_repeated_and_standardised_as_imagenet_s():
    network = VGG16Features()
    first = network.features[0]
    nn.init.zeros_(first.weight)
    with torch.no_grad():
        for channel in range(3):
            first.weight[channel, channel, 1, 1] = 1  # passes each colour on
        first.bias.fill_(10)  # above 0, where ReLU lets through
    red, green, blue = network.levels(torch.full((1, 1, 16, 16), 0.5))[0][0, :3, 8, 8] - 10
    expected = [(0.5 - m) / s for m, s in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
    assert [float(red), float(green), float(blue)] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_weights_come_from_a_file_whose_classifier_is_not_read(weights, tmp_path, ending):
    path = tmp_path / f"vgg.{ending}"
    state = {**weights, "classifier.0.weight": torch.zeros(2, 2)}
    torch.save(state, path) if ending == "pth" else save_file(state, path)
    network = VGG16Features.load(path)
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert network.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.name == f"VGG16 (vgg.{ending})"
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_other_files_are_refused_in_one_line(weights, tmp_path):
    path = tmp_path / "vgg.pth"
    faults = {
        b"no weights": "got what cannot be read",
        b"version https://git-lfs.github.com/spec/v1": "git lfs pull",
    }
    for content, said in faults.items():
        path.write_bytes(content)
        with pytest.raises(InputError, match=said) as error:
            VGG16Features.load(path)
        assert "\n" not in str(error.value)
    torch.save([1], path)
    with pytest.raises(InputError, match="needs a dictionary of weights, got list"):
        VGG16Features.load(path)
    torch.save({name: value for name, value in weights.items() if "28" not in name}, path)
    with pytest.raises(InputError, match="needs the weights of VGG16"):
        VGG16Features.load(path)
    with pytest.raises(InputError, match="sides of 16 or more pixels, got 8 x 16"):
        VGG16Features().levels(torch.zeros(1, 1, 8, 16))
