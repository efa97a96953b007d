"""How much less time structural similarity of volumes takes axis by axis than with MONAI's window over all at once.

    python -m benchmarks.models.ssim [--side 64] [--pairs 4]

Both in one run and one thread, the best of three turns each; also says how far their numbers differ.
"""

import argparse
import time
from collections.abc import Callable

import torch
from monai.metrics import SSIMMetric
from torch import Tensor

from brainlab.evaluation.ssim import similarity_and_contrast

TURNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the time that SSIM takes with MONAI's.")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    a, b = torch.rand(2, args.pairs, 1, *[args.side] * 3)
    theirs = SSIMMetric(3, 1.0, reduction="none")
    ours_seconds, ours = best(lambda: similarity_and_contrast(a, b, 11)[0])
    monai_seconds, monai = best(lambda: torch.as_tensor(theirs(a, b)).flatten())
    print(
        f"{args.side}^3: {ours_seconds / args.pairs:.3f} s a pair, MONAI {monai_seconds / args.pairs:.3f} s, "
        f"{monai_seconds / ours_seconds:.0f} times as long; they differ by {float((ours - monai).abs().max()):.1e}"
    )


def best(measure: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Return the shortest of some turns in seconds, and what was measured."""
    seconds = []
    for _ in range(TURNS):
        start = time.perf_counter()
        found = measure()
        seconds.append(time.perf_counter() - start)
    return min(seconds), found


if __name__ == "__main__":
    main()
