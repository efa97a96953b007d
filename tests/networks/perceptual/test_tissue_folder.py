import hashlib
import json

import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.perceptual.tissue_folder import TissueSettings, load_tissue, save_tissue
from brainlab.networks.perceptual.tissue_unet import TissueUNet

SETTINGS = TissueSettings(
    labels=("background", "grey matter"), widths=(4, 6), data="cohort", data_sha256="ab", simulated=True, notes={"a": 1}
)


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    save_tissue(tmp_path / "features" / "net", TissueUNet(2, (4, 6)), SETTINGS)
    return tmp_path / "features" / "net"


def test_what_was_saved_comes_back(folder):
    torch.manual_seed(0)
    made, x = TissueUNet(2, (4, 6)), torch.rand(1, 1, 8, 8)
    network, settings, sha256 = load_tissue(folder)
    assert settings == SETTINGS
    assert not network.training
    assert sha256 == hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    assert torch.allclose(network(x), made(x), atol=0.01)
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32}


def test_other_settings_than_the_networks_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="needs 3 labels and widths"):
        save_tissue(tmp_path / "net", TissueUNet(3, (4, 6)), SETTINGS)
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architecture": "vae"}, "architecture: needs tissue-unet, got 'vae'"),
        ({"labels": ["a", 2]}, "labels: needs a list of texts"),
        ({"labels": ["a"]}, "needs two labels"),
        ({"widths": [4, True]}, "widths: needs a list of whole numbers"),
        ({"widths": [4, 0]}, "each width 1 or more"),
        ({"simulated": 1}, "simulated: needs true or false"),
        ({"data": None}, "data: needs a text, got None"),
        ({"widths": [4, 8]}, "weights.safetensors: does not fit its config.json"),
    ],
)
def test_a_config_that_does_not_hold_is_one_line(folder, changes, said):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    with pytest.raises(InputError, match=said) as error:
        load_tissue(folder)
    assert "\n" not in str(error.value)
    assert "brainlab train-tissue" in str(error.value)


def test_damaged_and_missing_weights_are_one_line(folder):
    path = folder / "weights.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(InputError, match=r"weights\.safetensors: damaged or cut off"):
        load_tissue(folder)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match="git lfs pull"):
        load_tissue(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"got a folder without weights\.safetensors"):
        load_tissue(folder)


def test_weights_that_are_not_finite_are_refused(folder):
    network = load_tissue(folder).network
    torch.nn.init.constant_(network.leave.bias, torch.nan)
    save_tissue(folder, network, SETTINGS)
    with pytest.raises(InputError, match="needs finite weights"):
        load_tissue(folder)
