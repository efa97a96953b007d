"""What can be trained is listed, also beside a method that cannot be built."""

import json

import pytest

from brainlab.cli import main
from brainlab.cohort.recipes import RECIPES
from brainlab.methods.translator import TranslatorConfig
from brainlab.runs.methods import PAPERS, VARIABLE, presets

BROKEN = """
import dataclasses
import torch
from brainlab.generators.vae import METHOD as VAE, VAERecipe

class Broken(VAERecipe):
    def __init__(self, config):
        super().__init__(config)
        self.size = int(torch.zeros(3).sum())

METHOD = dataclasses.replace(VAE, name="broken", recipe=Broken, presets={"broken-8": VAE.presets["vae-8"]})
"""


def test_presets_say_what_they_are(capsys):
    assert main(["presets", "--json"]) == 0
    found = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["presets"]}
    assert list(found) == list(presets())
    assert [name for name in found if "FLAIR" in found[name]["paper"]] == ["vae-8", "vae-512", "ivae-32", "ivae-256"]
    papers = [PAPERS.index(paper) for name in found for paper in PAPERS if found[name]["paper"].startswith(paper)]
    assert papers == sorted(papers), "those of one paper stand together"
    assert set(papers) == set(range(len(PAPERS)))
    entry = found["ivae-256"]
    assert (entry["method"], entry["latent_dim"], entry["sample_shape"]) == ("IntroVAE", 256, [1, 40, 48, 40])
    assert entry["abilities"] == ["encode", "reconstruct", "walk"]
    assert entry["conditions"] == []
    assert entry["ships"]
    assert 2 * sum(entry["parameters"].values()) < 15e6, "half-precision weights stay small"
    assert found["flow-40"]["abilities"] == ["condition", "encode", "reconstruct"]
    assert found["flow-slices-128"]["conditions"] == ["slice", "age_years", "sex"]
    assert {
        paper: {entry["recipe"] for entry in found.values() if entry["paper"].startswith(paper)} for paper in PAPERS
    } == {
        "FLAIR IntroVAE": {"flair-40"},
        "DWI comparison": {"dwi-slices-128"},
        "IXI thesis": {"ixi-slices-128"},
        "Wei's thesis": {"flair-synthesis", "pet-synthesis"},
    }, "each paper's own preprocessing"
    assert main(["presets", "flow-40"]) == 0
    assert "conditions class age_years sex" in capsys.readouterr().out
    assert main(["presets", "vae-8"]) == 0
    told = capsys.readouterr().out
    assert "  reconstruction_weight: 12.0" in told
    assert "in the paper" not in told, "the FLAIR paper prints no epochs"
    assert main(["presets", "dwi-stylegan-small"]) == 0
    told = capsys.readouterr().out
    assert "  in the paper: 48 hours on a GTX 1080: 200 epochs of" in told
    assert "made for dwi-slices-128" in told
    assert main(["presets", "vae2d-1024"]) == 0
    assert "  in the thesis: 500 epochs of" in capsys.readouterr().out


@pytest.mark.parametrize("name", presets())
def test_a_presets_recipe_is_there_and_makes_images_that_it_reads(name):
    preset = presets()[name]
    assert preset.recipe in RECIPES
    if isinstance(preset.config, TranslatorConfig):
        assert {*preset.config.inputs, preset.config.target} <= set(RECIPES[preset.recipe].modalities)
        return
    assert preset.config.sample_shape == (1, *RECIPES[preset.recipe].shape)
    if RECIPES[preset.recipe].plane:
        assert preset.config.plane == RECIPES[preset.recipe].plane


@pytest.mark.parametrize("name", ["vae-9", "broken-8"])
def test_what_cannot_be_trained_is_one_line_and_hides_no_other(name, tmp_path, monkeypatch, capsys):
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "broken.py"))
    assert main(["presets", name]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {name}: ")
    assert said.count("\n") == 1
    assert main(["presets"]) == 0
    listed = capsys.readouterr().out
    assert "vae-512" in listed
    assert "not usable: broken-8: the networks of broken cannot be built" in listed


def test_a_recipe_that_there_is_not_is_refused_with_the_file_that_names_it(tmp_path, monkeypatch, capsys):
    text = """
import dataclasses
from brainlab.generators.vae import METHOD as VAE

PRESET = dataclasses.replace(VAE.presets["vae-8"], recipe="flair-41")
METHOD = dataclasses.replace(VAE, name="own", presets={"own-8": PRESET})
"""
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own.py"))
    assert main(["presets"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / 'own.py'}: own-8: needs one of the recipes flair-40, ")
    assert "got 'flair-41'" in said
    assert said.count("\n") == 1
