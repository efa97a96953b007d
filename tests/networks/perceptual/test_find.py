import json

import numpy as np
import pytest
import torch

from brainlab.cohort.recipes import RECIPES
from brainlab.errors import InputError
from brainlab.images.kind import images_of
from brainlab.networks.perceptual.find import find_features, find_segmenter
from brainlab.networks.perceptual.tissue_folder import LearnedImages, TissueSettings, load_tissue, save_tissue
from brainlab.networks.perceptual.tissue_unet import TissueUNet
from brainlab.networks.perceptual.vgg16 import VGG16Features
from brainlab.workspace import MODELS, run_folders


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where the workspace's own network would lie, and the one that ships."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "models")
    return [tmp_path / place / "features" / "tissue-slices" for place in ("workspace", "models")]


CUBE = {"name": "t1-cube-64", "modalities": ["T1w"], "shape": [6, 8, 4], "affine": np.diag([2, 2, 3, 1]).tolist()}


def put(folder, seed, simulated=True, **more):
    torch.manual_seed(seed)
    widths = (4, 6, 8, 5)
    settings = TissueSettings(labels=("a", "b"), widths=widths, data="d", data_sha256="", simulated=simulated, **more)
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


def test_the_network_that_learned_volumes_of_this_kind_is_found_the_workspace_s_own_first(places):
    other = LearnedImages.of(CUBE | {"modalities": ["FLAIR"]})
    put(places[1].with_name("cubes"), 0, learned=(other, LearnedImages.of(CUBE)), plane="coronal")
    put(places[1], 1, learned=(other,))
    put(places[0], 2)
    found = find_segmenter((6, 8, 4), CUBE)
    assert (found.name, found.plane, found.kind) == ("cubes", "coronal", "T1w images of the recipe t1-cube-64")
    assert found.grid.spacing_mm == (2, 2, 3)
    assert find_segmenter((6, 8, 4), CUBE | {"modalities": ["FLAIR"]}).name == "cubes"
    mine = put(places[0].with_name("own"), 3, learned=(LearnedImages.of(CUBE),))
    assert find_segmenter((6, 8, 4), CUBE).tissue.sha256 == mine
    assert find_segmenter((6, 8, 4)).name == "own"
    for shape, recipe in (((6, 8, 5), CUBE), ((6, 8, 4), CUBE | {"name": "flair-40"}), ((6, 8), None)):
        with pytest.raises(InputError, match="got none; train one with 'brainlab train-tissue PREPARED --plane coro"):
            find_segmenter(shape, recipe)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_volume_is_labelled_slice_by_slice_of_the_network_s_plane(places, plane):
    put(places[0], 0, learned=(LearnedImages.of(CUBE),), plane=plane)
    found = find_segmenter((6, 8, 4), CUBE)
    volume = torch.rand(6, 8, 4, generator=torch.Generator().manual_seed(0))
    axis = {"axial": 2, "coronal": 1, "sagittal": 0}[plane]
    with torch.no_grad():
        expected = [found.tissue.network(part[None, None]).argmax(1)[0] for part in volume.unbind(axis)]
    labels = found.segment(volume.numpy())
    assert np.array_equal(labels, torch.stack(expected, axis).numpy())
    assert 0 < labels.mean() < 1


def test_the_network_that_ships_labels_volumes_of_flair_40():
    folder = MODELS / "features" / "tissue-slices"
    (flair,) = (each for each in load_tissue(folder).settings.learned if each.name == "flair-40")
    recipe = RECIPES["flair-40"]
    assert (flair.shape, flair.kind) == (recipe.shape, images_of(recipe.record()))
    assert np.array_equal(flair.grid.affine, recipe.affine)


def test_features_are_of_axial_slices(places):
    put(places[0], 0, plane="coronal")
    with pytest.raises(InputError, match="needs a tissue network of axial slices, got one of coronal slices"):
        find_features()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"plane": "oblique"}, "plane: needs one of axial, coronal, sagittal, got 'oblique'"),
        ({"learned": [{"name": "x"}]}, "learned: needs a list of objects with name, modalities, shape and affine"),
        ({"learned": 3}, "learned: needs a list"),
        ({"learned": [CUBE | {"affine": [[1]]}]}, "learned: needs a list"),
    ],
)
def test_a_record_of_what_was_learned_that_does_not_hold_is_one_line(places, changes, says):
    put(places[0], 0, learned=(LearnedImages.of(CUBE),))
    path = places[0] / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    with pytest.raises(InputError, match=says) as error:
        find_segmenter((6, 8, 4), CUBE)
    assert "\n" not in str(error.value)
