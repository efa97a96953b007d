"""Measure the memory and time of flexible self-attention at several pools, with and without storing its map.

    python -m benchmarks.models.attention_memory [--sides 16 24 32] [--pools 1 2 4] [--channels 64] [--limit-gib 6]

One training step (forwards and backwards) for one image, on one thread, each in a process of its own, whose peak
resident set is read before and after. `stored` computes the attention map as a matrix (torch's MATH kernel), as the
thesis does; `fused` (FLASH_ATTENTION, which torch takes by itself) never holds the whole map. Ratios are to pool 1 of
the same kind and side. A step that should need more than the limit is not run.
"""

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

MAPS = 3
"""How many attention maps a step with a stored map holds at once: the map, its gradient and that of its logits."""

KINDS = ("stored", "fused")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory of flexible self-attention.")
    parser.add_argument("--sides", type=int, nargs="+", default=[16, 24, 32], help="voxels along each side of the maps")
    parser.add_argument("--pools", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--channels", type=int, default=64, help="feature maps (default 64)")
    parser.add_argument("--limit-gib", type=float, default=6.0, help="most memory of a step (default 6)")
    args = parser.parse_args()
    print(f"{'side':>4} {'pool':>4} {'places':>6} {'map MiB':>8}  {'kind':6} {'peak MiB':>8} {'s':>7}  memory, time")
    for side in args.sides:
        for kind in KINDS:
            first: tuple[float, float] | None = None
            for pool in args.pools:
                places = (-(-side // pool)) ** 3
                map_mib = 4 * places**2 / 2**20
                line = f"{side:4} {pool:4} {places:6} {map_mib:8.1f}  {kind:6}"
                if kind == "stored" and MAPS * map_mib > 1024 * args.limit_gib:
                    print(f"{line} not run: about {MAPS * map_mib / 1024:.0f} GiB")
                    continue
                # A new process each, since a peak never falls again.
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    peak, seconds = process.submit(measured, side, pool, args.channels, kind).result()
                print(f"{line} {peak:8.1f} {seconds:7.3f}", end="")
                if pool == 1:
                    first = (peak, seconds)
                if first:
                    print(f"  {first[0] / peak:5.1f}, {first[1] / seconds:5.1f} times less", end="")
                print(flush=True)


def measured(side: int, pool: int, channels: int, kind: str) -> tuple[float, float]:
    """Return the MiB that a step adds to this process's peak, and the seconds it takes."""
    # Here and not above: a child's peak begins at what its parent holds, which is to stay small.
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    from brainlab.networks.translation.attention import FlexibleSelfAttention

    torch.set_num_threads(1)
    torch.manual_seed(0)
    layer = FlexibleSelfAttention(channels, pool)
    torch.nn.init.ones_(layer.gamma)

    kernel = SDPBackend.MATH if kind == "stored" else SDPBackend.FLASH_ATTENTION

    def step(x: torch.Tensor) -> None:
        with sdpa_kernel(kernel):
            layer(x).square().sum().backward()

    step(torch.randn(1, channels, 4, 4, 4))  # libraries that load at the first step
    x = torch.randn(1, channels, side, side, side, requires_grad=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    step(x)
    seconds = time.perf_counter() - start
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, seconds


if __name__ == "__main__":
    main()
