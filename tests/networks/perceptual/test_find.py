import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.perceptual.find import find_features
from brainlab.networks.perceptual.tissue_folder import TissueSettings, load_tissue, save_tissue
from brainlab.networks.perceptual.tissue_unet import TissueUNet
from brainlab.networks.perceptual.vgg16 import VGG16Features
from brainlab.workspace import run_folders


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where the workspace's own network would lie, and the one that ships."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "models")
    return [tmp_path / place / "features" / "tissue-slices" for place in ("workspace", "models")]


def put(folder, seed, simulated=True):
    torch.manual_seed(seed)
    widths = (4, 6, 8, 5)
    settings = TissueSettings(labels=("a", "b"), widths=widths, data="d", data_sha256="", simulated=simulated)
    save_tissue(folder, TissueUNet(2, widths), settings)
    return load_tissue(folder).sha256


def test_the_workspace_s_own_network_comes_before_the_one_that_ships(places):
    own, ships = places
    shipped = put(ships, 0)
    assert find_features().sha256 == shipped
    mine = put(own, 1)
    assert find_features("tissue").sha256 == mine != shipped


def test_its_levels_are_early_and_its_vector_is_the_mean_of_the_coarsest_maps(places):
    put(places[1], 0)
    network, x = find_features(), torch.rand(2, 1, 32, 32)
    every = network.network.levels(x)
    assert len(network.levels(x)) == 3
    assert all(torch.equal(a, b) for a, b in zip(network.levels(x), every, strict=False))
    assert network.length == 5
    assert torch.allclose(network.vector(x), every[-1].mean((2, 3)))
    assert not network.balanced
    assert "trained on simulated scans" in str(network)


def test_a_folder_and_a_file_of_vgg16_are_named_by_their_paths(places, tmp_path):
    sha256 = put(tmp_path / "mine", 2, simulated=False)
    found = find_features(str(tmp_path / "mine"))
    assert (found.name, found.sha256, found.trained_on) == ("mine", sha256, "real scans")
    torch.save(VGG16Features().state_dict(), tmp_path / "vgg.pth")
    assert find_features(str(tmp_path / "vgg.pth")).balanced


@pytest.mark.parametrize("name", ["tissue", "nowhere"])
def test_what_is_missing_says_what_to_do(places, name):
    with pytest.raises(InputError, match=r"train one with 'brainlab train-tissue', or name a file of VGG16") as error:
        find_features(name)
    assert "\n" not in str(error.value)


def test_a_feature_network_is_no_run(places):
    for folder in places:
        put(folder, 0)
    assert run_folders() == []
