"""Seconds and memory of fitting a Gaussian over slices, and the same by whole singular value decompositions.

    python -m benchmarks.models.slice_gaussian [--volumes 400] [--slices 256] [--dimensions 1024]

First both ways on cases small enough for the second, in one run: its vectors take N x N numbers of N volumes, so that
it falls behind the more there are. Then the case asked for. A's product with itself is compared with the
covariance of all dimensions.
"""

import argparse
import resource
import time

import torch
from torch import Tensor

from brainlab.networks.codes.slice_gaussian import SliceGaussian

SMALL = ((400, 64, 256), (960, 64, 64), (2000, 64, 16))
"""Volumes, slices and dimensions of the cases for both ways; the slice VAE paper has 400 of 960 volumes."""


def direct(courses: Tensor) -> Tensor:
    """Return the roots [L, T, T] by one batched decomposition with all its vectors, as the authors' code."""
    centred = (courses - courses.mean(0)).permute(2, 0, 1)  # [L, N, T]
    _, s, vh = torch.linalg.svd(centred, full_matrices=True)
    padded = torch.zeros(vh.shape[:2])
    padded[:, : s.shape[1]] = s[:, : vh.shape[1]]
    return vh.mT * padded[:, None] / len(courses) ** 0.5


def worst(gaussian: SliceGaussian, courses: Tensor) -> float:
    """Return the largest difference of A A^T from the covariance, in shares of each dimension's largest variance."""
    found = 0.0
    for dimension in range(courses.shape[2]):
        centred = courses[:, :, dimension].double()
        centred = centred - centred.mean(0)
        covariance = centred.T @ centred / len(courses)
        root = gaussian.root[dimension].double()
        found = max(found, float((root @ root.T - covariance).abs().max() / covariance.max()))
    return found


def made_up(volumes: int, slices: int, dimensions: int) -> Tensor:
    """Return codes [N, T, L] that run smoothly through each volume."""
    steps = torch.randn(volumes, slices, dimensions, generator=torch.Generator().manual_seed(0))
    return steps.cumsum_(1).mul_(slices**-0.5)


def compare(volumes: int, slices: int, dimensions: int) -> None:
    """Fit one case both ways and print their seconds."""
    courses, gaussian = made_up(volumes, slices, dimensions), SliceGaussian(slices, dimensions)
    gaussian.fit(courses.split(2))  # a first call also loads the library
    start = time.perf_counter()
    gaussian.fit(courses.split(2))
    ours = time.perf_counter() - start
    start = time.perf_counter()
    roots = direct(courses)
    theirs = time.perf_counter() - start
    same = (roots @ roots.mT - gaussian.root @ gaussian.root.mT).abs().max() / (roots @ roots.mT).max()
    print(f"{volumes} x {slices} x {dimensions}: {ours:.2f} s, direct {theirs:.2f} s, ", end="")
    print(f"{theirs / ours:.0f} times as long; covariances differ by {float(same):.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the Gaussian over slices.")
    parser.add_argument("--volumes", type=int, default=400)
    parser.add_argument("--slices", type=int, default=256)
    parser.add_argument("--dimensions", type=int, default=1024)
    args = parser.parse_args()
    for case in SMALL:
        compare(*case)
    courses = made_up(args.volumes, args.slices, args.dimensions)
    gaussian = SliceGaussian(args.slices, args.dimensions)
    start = time.perf_counter()
    gaussian.fit(courses.split(1))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{args.volumes} x {args.slices} x {args.dimensions}: {seconds:.1f} s, {peak:.2f} GiB at most, codes included"
    )
    print(f"A A^T from the covariance: {worst(gaussian, courses):.1e} of the largest variance at most")


if __name__ == "__main__":
    main()
