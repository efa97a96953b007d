"""What each measure of a synthesised scan is called and means."""

MEANING = {
    "mse": ("Squared error", "Mean squared difference, in squared standard deviations. 0 is perfect."),
    "mse_of_mean": ("... of a flat image", "The same for the true mean everywhere: a run must stay below."),
    "psnr": (
        "Peak signal to noise",
        "Decibels: 20 is an error of 1/10 of the brightest voxel, 40 of 1/100.",
    ),
    "ssim": ("Structural similarity", "Local pattern, 1 is the same. It hardly notices blur."),
    "normalised_mutual_information": ("Shared information", "1: one image says nothing of the other. 2: all of it."),
    "blur_ratio": ("Detail kept", "Sharpness over that of the true image: 1 is as sharp, below is blurred."),
    "mean_white": ("White matter", "Mean intensity of white matter outside lesions, in units of the sequence."),
    "mean_lesions": ("Lesions", "The same of lesions."),
    "lesion_contrast": ("Lesions to white matter", "Brightness of lesions over that of all normal white matter."),
    "lesion_contrast_near": ("... around them", "The same for the white matter within 5 voxels of them."),
    "lesion_dice": ("Lesions found in both", "Overlap of the lesions that one rule finds in either image, 1 is all."),
}
"""Title of each measure, and what it means."""
TRUE = {name: f"{name}_real" for name in ("mean_white", "mean_lesions", "lesion_contrast", "lesion_contrast_near")}
"""Measures that the true image has as well."""
