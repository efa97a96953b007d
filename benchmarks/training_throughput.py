"""Measure training throughput of a preset against two plain loops, in one run, and print a JSON object.

preset          the preset's network as `brainlab train` runs it: bf16 autocast, folded input and output
plain_float32   the same network in a plain float32 loop
full_resolution an ordinary autoencoder of the same latent size: convolution, batch norm and pooling from the full
                resolution down (`paper_exact`), in float32

Run: python benchmarks/training_throughput.py [--preset vae-8] [--batches 6] [--threads 1]
"""

import argparse
import dataclasses
import json
import time

import torch

from brainlab.experiments.training import hardware
from brainlab.generators.presets import PRESETS, build_recipe, preset
from brainlab.generators.vae import VAEConfig


def scans_per_second(config: VAEConfig, batches: int, *, autocast: bool) -> float:
    """Train on random scans and return scans a second, the first step (which allocates) left out; the best of two."""
    torch.manual_seed(0)
    recipe = build_recipe(config, 1000)
    recipe.generator.train()
    x = torch.rand(config.batch_size, *config.sample_shape)
    best = 0.0
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            recipe.step(x)
            started = time.perf_counter()
            for _ in range(batches):
                recipe.step(x)
        best = max(best, batches * config.batch_size / (time.perf_counter() - started))
    return best


def decode_milliseconds(config: VAEConfig, repeats: int = 30) -> float:
    """Return the median time to decode one code in float32, as the app does while a slider is dragged."""
    model = build_recipe(config, 1).generator.eval()
    z = torch.randn(1, config.latent_dim)
    times = []
    with torch.inference_mode():
        for _ in range(repeats):
            started = time.perf_counter()
            model.decode(z)
            times.append(time.perf_counter() - started)
    return 1000 * sorted(times)[repeats // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="vae-8", choices=list(PRESETS))
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = preset(args.preset)
    plain = dataclasses.replace(config, paper_exact=True)
    speeds = {
        "preset": scans_per_second(config, args.batches, autocast=True),
        "plain_float32": scans_per_second(config, args.batches, autocast=False),
        "full_resolution": scans_per_second(plain, max(1, args.batches // 3), autocast=False),
    }
    result = {
        "preset": args.preset,
        "batch_size": config.batch_size,
        "threads": args.threads,
        "hardware": hardware(),
        "scans_per_second": {name: round(value, 2) for name, value in speeds.items()},
        "times_plain_float32": round(speeds["preset"] / speeds["plain_float32"], 2),
        "times_full_resolution": round(speeds["preset"] / speeds["full_resolution"], 2),
        "decode_one_ms": round(decode_milliseconds(config), 2),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
