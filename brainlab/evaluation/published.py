"""Tables of scores in other papers, to be shown beside a user's own: other data, so a reference and no pass mark."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """One table. rows: `model`, and by the registry's names what was measured, as printed; `NAME_sd` its deviation.

    title: what is shown. source: paper and place. data: images that were measured. note: how to read it.
    """

    title: str
    source: str
    data: str
    note: str
    rows: tuple[Mapping[str, str | float], ...]


DWI = "Ungría Hirte et al. 2020, diffusion-weighted brain images by GANs and VAEs: a comparison study"
SLICE_VAE = "Volokitin et al. 2020, modelling the distribution of 3D brain MRI using a 2D slice VAE"
LATENT_DIFFUSION = "Pinaya et al. 2022, brain imaging generation with latent diffusion models"

DWI_SAMPLES = PublishedTable(
    title="Samples of diffusion-weighted slices",
    source=f"{DWI}, table 1",
    data="axial diffusion-weighted slices of 128 x 128 pixels, of 2,029 people without findings",
    note="Sharpness is of images in 0 to 255: the paper says [0, 1], where such values are impossible.",
    rows=(
        {
            "model": "original images",
            "dataset_similarity": 0.0494,
            "isd": 0.0449,
            "minimum_isd": 0.0063,
            "sharpness_generated": 1495,
            "sharpness_generated_sd": 659,
        },
        {
            "model": "vanilla VAE",
            "dataset_similarity": 0.0552,
            "isd": 0.0254,
            "minimum_isd": 0.0078,
            "sharpness_generated": 201,
            "sharpness_generated_sd": 115,
        },
        {
            "model": "DFC VAE",
            "dataset_similarity": 0.0538,
            "isd": 0.0219,
            "minimum_isd": 0.0055,
            "sharpness_generated": 450,
            "sharpness_generated_sd": 219,
        },
        {
            "model": "IntroVAE",
            "dataset_similarity": 0.0478,
            "isd": 0.0432,
            "minimum_isd": 0.0009,
            "sharpness_generated": 1514,
            "sharpness_generated_sd": 560,
        },
        {
            "model": "style-based GAN",
            "dataset_similarity": 0.0487,
            "isd": 0.0419,
            "minimum_isd": 0.0008,
            "sharpness_generated": 1650,
            "sharpness_generated_sd": 715,
        },
    ),
)

DWI_RECONSTRUCTIONS = PublishedTable(
    title="Reconstructions of diffusion-weighted slices",
    source=f"{DWI}, results on reconstruction",
    data=DWI_SAMPLES.data,
    note="Sharpness is of images in 0 to 255. A GAN has no encoder, so it does not reconstruct.",
    rows=(
        {
            "model": "vanilla VAE",
            "mse": 0.004,
            "mse_sd": 0.02,
            "sharpness_reconstructed": 349,
            "sharpness_reconstructed_sd": 160,
        },
        {
            "model": "DFC VAE",
            "mse": 0.008,
            "mse_sd": 0.03,
            "sharpness_reconstructed": 715,
            "sharpness_reconstructed_sd": 254,
        },
        {
            "model": "IntroVAE",
            "mse": 0.008,
            "mse_sd": 0.03,
            "sharpness_reconstructed": 1222,
            "sharpness_reconstructed_sd": 490,
        },
        {"model": "original images", "sharpness_reconstructed": 1495, "sharpness_reconstructed_sd": 659},
    ),
)

SLICE_VAE_VOLUMES = PublishedTable(
    title="Volumes of 64, 128 and 256 voxels a side",
    source=f"{SLICE_VAE}, table 1",
    data="T1-weighted volumes of the Human Connectome Project",
    note="MMD is a sum over voxels: it grows with their number and is comparable within one size only. It takes "
    "batches of 8 in 100 tests (256 voxels a side: of 4 in 10).",
    rows=(
        {"voxels a side": 64, "model": "3D WGAN-GP", "mmd_kwon": 14383, "ms_ssim_kwon": 0.9995},
        {"voxels a side": 64, "model": "3D VAE-GAN", "mmd_kwon": 2054, "ms_ssim_kwon": 0.9292},
        {"voxels a side": 64, "model": "3D alpha-GAN", "mmd_kwon": 7116, "ms_ssim_kwon": 0.9848},
        {"voxels a side": 64, "model": "3D alpha-WGAN", "mmd_kwon": 4488, "ms_ssim_kwon": 0.8994},
        {"voxels a side": 64, "model": "3D VAE", "mmd_kwon": 6823, "ms_ssim_kwon": 0.9927},
        {"voxels a side": 64, "model": "slice VAE", "mmd_kwon": 2396, "ms_ssim_kwon": 0.9304},
        {"voxels a side": 64, "model": "real scans", "ms_ssim_kwon": 0.8786},
        {"voxels a side": 128, "model": "3D alpha-WGAN", "mmd_kwon": 64446, "ms_ssim_kwon": 0.9736},
        {"voxels a side": 128, "model": "3D VAE", "mmd_kwon": 51476, "ms_ssim_kwon": 0.9335},
        {"voxels a side": 128, "model": "slice VAE", "mmd_kwon": 19890, "ms_ssim_kwon": 0.9120},
        {"voxels a side": 128, "model": "real scans", "ms_ssim_kwon": 0.7966},
        {"voxels a side": 256, "model": "3D alpha-WGAN", "mmd_kwon": 912627, "ms_ssim_kwon": 0.7106},
        {"voxels a side": 256, "model": "slice VAE", "mmd_kwon": 323233, "ms_ssim_kwon": 0.8768},
        {"voxels a side": 256, "model": "real scans", "ms_ssim_kwon": 0.7019},
    ),
)

LATENT_DIFFUSION_VOLUMES = PublishedTable(
    title="Volumes of a latent diffusion model",
    source=LATENT_DIFFUSION,
    data="T1-weighted volumes of UK Biobank",
    note="The Frechet distance depends on the network whose features it takes.",
    rows=(
        {"model": "latent diffusion model", "frechet_distance": 0.0076, "ms_ssim": 0.6555},
        {"model": "real scans", "ms_ssim": 0.6536},
    ),
)

PUBLISHED = (DWI_SAMPLES, DWI_RECONSTRUCTIONS, SLICE_VAE_VOLUMES, LATENT_DIFFUSION_VOLUMES)
