"""Published figures are as printed in the papers."""

import pytest

from brainlab.evaluation.published import (
    DWI_RECONSTRUCTIONS,
    DWI_SAMPLES,
    LATENT_DIFFUSION_VOLUMES,
    PUBLISHED,
    SLICE_VAE_VOLUMES,
)
from brainlab.evaluation.registry import metrics

# model, similarity, ISD, minimum ISD, sharpness and its deviation
DWI_TABLE_1 = """
original images: .0494 .0449 .0063 1495 659
vanilla VAE: .0552 .0254 .0078 201 115
DFC VAE: .0538 .0219 .0055 450 219
IntroVAE: .0478 .0432 .0009 1514 560
style-based GAN: .0487 .0419 .0008 1650 715
"""

# side model: MMD MS-SSIM
SLICE_VAE_TABLE_1 = """
64 3D WGAN-GP: 14383 .9995
64 3D VAE-GAN: 2054 .9292
64 3D alpha-GAN: 7116 .9848
64 3D alpha-WGAN: 4488 .8994
64 3D VAE: 6823 .9927
64 slice VAE: 2396 .9304
64 real scans: - .8786
128 3D alpha-WGAN: 64446 .9736
128 3D VAE: 51476 .9335
128 slice VAE: 19890 .9120
128 real scans: - .7966
256 3D alpha-WGAN: 912627 .7106
256 slice VAE: 323233 .8768
256 real scans: - .7019
"""


def lines(text):
    return [(name, values.split()) for name, values in (line.split(": ") for line in text.strip().splitlines())]


def test_the_dwi_papers_table_1():
    names = ("dataset_similarity", "isd", "minimum_isd", "sharpness_generated", "sharpness_generated_sd")
    wanted = [
        {"model": model, **dict(zip(names, map(float, values), strict=True))} for model, values in lines(DWI_TABLE_1)
    ]
    assert list(DWI_SAMPLES.rows) == wanted


def test_the_dwi_papers_reconstructions():
    rows = {row["model"]: row for row in DWI_RECONSTRUCTIONS.rows}
    models = ("vanilla VAE", "DFC VAE", "IntroVAE")
    assert [rows[model]["mse"] for model in models] == [0.004, 0.008, 0.008]
    assert [rows[model]["sharpness_reconstructed"] for model in models] == [349, 715, 1222]
    assert rows["original images"]["sharpness_reconstructed"] == 1495


def test_the_slice_vae_papers_table_1():
    wanted = []
    for name, (mmd, similarity) in lines(SLICE_VAE_TABLE_1):
        side, model = name.split(" ", 1)
        row = {"voxels a side": int(side), "model": model, "ms_ssim_kwon": float(similarity)}
        wanted.append(row if mmd == "-" else {**row, "mmd_kwon": float(mmd)})
    assert list(SLICE_VAE_VOLUMES.rows) == wanted


def test_the_latent_diffusion_models_figures():
    model, real = LATENT_DIFFUSION_VOLUMES.rows
    assert (model["frechet_distance"], model["ms_ssim"], real["ms_ssim"]) == (0.0076, 0.6555, 0.6536)


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda table: table.title)
def test_a_published_table_speaks_of_metrics_by_their_names_and_says_where_it_is_from(table):
    names = {name.removesuffix("_sd") for row in table.rows for name in row} - {"model", "voxels a side"}
    assert names <= set(metrics())
    assert table.source
    assert table.data
