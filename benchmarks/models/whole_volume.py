"""Measure the seconds and the memory that a whole scan takes through translating presets.

    python -m benchmarks.models.whole_volume [--presets flair-fcn flair-unet ...] [--threads 2] [--shape 208 256 40]

A head of noise, an ellipsoid in air, goes through each preset with weights as drawn, in a process of its own, by
`experiments.synthesis.patchwise.translate`: all that `brainlab translate` does with the network. Peak memory is that of
the process, libraries and volumes included (`ru_maxrss`); `before` is what it held when the network was there. The
load of the machine stands with it, since other work makes it slow: `core s` are the seconds that its threads computed,
which two free cores do in half the time. Goal: 20 s and 2 GiB.
"""

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

PRESETS = ("flair-linear", "flair-mlp", "flair-fcn-32", "flair-fcn", "flair-fcn-96", "flair-unet")
GOAL_S, GOAL_MIB = 20.0, 2048.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what whole scans take through translators.")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS), help="presets for MR sequences")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shape", type=int, nargs=3, default=[208, 256, 40], metavar=("X", "Y", "Z"))
    args = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{' x '.join(map(str, args.shape))} voxels, {args.threads} threads, load of the machine {load:.1f}")
    print(f"{'preset':14} {'s':>6} {'core s':>6} {'peak MiB':>9} {'before':>7}  goal")
    for preset in args.presets:
        # A new process each, since a peak never falls again.
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            seconds, cores, peak, before = process.submit(measured, preset, tuple(args.shape), args.threads).result()
        met = "met" if seconds <= GOAL_S and peak <= GOAL_MIB else "missed"
        print(f"{preset:14} {seconds:6.1f} {cores:6.1f} {peak:9.0f} {before:7.0f}  {met}", flush=True)


def measured(preset: str, shape: tuple[int, int, int], threads: int) -> tuple[float, float, float, float]:
    """Return the seconds of one scan, those of all cores, and the process's peak in MiB after and before it."""
    import numpy as np
    import torch

    from benchmarks.models.large_volumes import write_untrained
    from brainlab.experiments.synthesis.patchwise import translate
    from brainlab.experiments.translator_checks import noise_of_sequences
    from brainlab.runs.methods import find_preset
    from brainlab.runs.run import load_run

    torch.set_num_threads(threads)
    config = find_preset(preset)[1].config
    with tempfile.TemporaryDirectory() as scratch:
        write_untrained(Path(scratch) / "run", preset, noise_of_sequences(config, Path(scratch) / "noise", people=4))
        run = load_run(Path(scratch) / "run")
        run.model()
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij", sparse=True)
    images = np.random.default_rng(0).standard_normal((len(config.inputs), *shape), dtype=np.float32)
    images[:, x**2 + y**2 + z**2 > 1] = -1.5  # air
    warm = images[:, :16, :16, :16]
    translate(run, np.ascontiguousarray(warm))  # libraries that load at the first call
    before = _peak_mib()
    start, worked = time.perf_counter(), time.process_time()
    translate(run, images)
    return time.perf_counter() - start, time.process_time() - worked, _peak_mib(), before


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
