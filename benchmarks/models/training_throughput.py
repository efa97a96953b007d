"""Measure training throughput of a preset against two plain loops, in one run, and print a JSON object.

preset          the preset's recipe as `brainlab train` runs it: bf16 autocast where the processor has bfloat16,
                fused Adam, folded input and output
plain_float32   the same network and loss in a plain float32 loop
full_resolution an ordinary autoencoder of the same latent size in the plain loop: convolution, batch norm and pooling
                from the full resolution down (`paper_exact`)

The three take turns and the best turn of each counts, so that other work on the machine disturbs them alike;
`--clock cpu` counts processor time instead, for a machine that is never idle.

Run: python -m benchmarks.models.training_throughput [--preset vae-8] [--rounds 3] [--threads 1] [--clock wall]
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Callable

import torch
from torch import Tensor

from brainlab.cohort.views import Batch
from brainlab.experiments.training_plan import hardware
from brainlab.generators.vae import METHOD, VAE, VAEConfig, VAERecipe
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error
from brainlab.runs.calls.devices import quick_arithmetic

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


def preset_step(config: VAEConfig) -> Callable[[Tensor], None]:
    """Return one training step as the loop takes it."""
    recipe = VAERecipe(config)
    recipe.generator.train()

    def step(x: Tensor) -> None:
        with quick_arithmetic("cpu"):
            recipe.step(Batch(x), Progress(0, 1000, 100))

    return step


def plain_step(config: VAEConfig) -> Callable[[Tensor], None]:
    """Return one training step of a VAE as a first script would write it."""
    model = VAE(config).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)

    def step(x: Tensor) -> None:
        mean, log_variance = model.gaussian(x)
        error = squared_error(model.decode(draw_posterior(mean, log_variance)), x).mean()
        loss = config.reconstruction_weight * error + kl_to_prior(mean, log_variance).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def decode_milliseconds(config: VAEConfig, clock: Callable[[], float], repeats: int = 40) -> float:
    """Return the median time to decode one code in float32, as the app does while a slider is dragged."""
    model = VAE(config).eval()
    z = torch.randn(1, config.latent_dim)
    times = []
    with torch.inference_mode():
        for _ in range(repeats):
            started = clock()
            model.decode(z)
            times.append(clock() - started)
    return 1000 * sorted(times)[repeats // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="vae-8", choices=list(METHOD.presets))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    preset, clock = METHOD.presets[args.preset], CLOCKS[args.clock]
    config = preset.config
    steps = {
        "preset": (preset_step(config), 4),
        "plain_float32": (plain_step(config), 4),
        "full_resolution": (plain_step(dataclasses.replace(config, paper_exact=True)), 1),
    }
    x = torch.rand(preset.schedule.batch_size, *config.sample_shape)
    best = dict.fromkeys(steps, 0.0)
    for turn in range(args.rounds + 1):  # the first turn, which allocates, does not count
        for name, (step, repeats) in steps.items():
            started = clock()
            for _ in range(repeats):
                step(x)
            speed = repeats * len(x) / (clock() - started)
            best[name] = max(best[name], speed) if turn else 0.0
    result = {
        "preset": args.preset,
        "batch_size": preset.schedule.batch_size,
        "threads": args.threads,
        "clock": args.clock,
        "hardware": hardware(),
        "scans_per_second": {name: round(value, 2) for name, value in best.items()},
        "times_plain_float32": round(best["preset"] / best["plain_float32"], 2),
        "times_full_resolution": round(best["preset"] / best["full_resolution"], 2),
        "decode_one_ms": round(decode_milliseconds(config, clock), 2),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
