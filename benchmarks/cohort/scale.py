"""Measure what each scan of a large cohort costs: time, memory of the command, and disk.

    brainlab simulate HEADS --participants 4 --seed 1 --truth table
    brainlab simulate COHORT --participants 3107 --seed 29 --space mni --voxel-size-mm 2 --truth table
    python -m benchmarks.cohort.scale HEADS COHORT RUN [--rows 100000] [--out FOLDER]

COHORT has 5,404 scans, as many as the FLAIR paper's, already on the template; HEADS has whole heads, which must be
registered. Both are prepared as `flair-40`; then `brainlab lda RUN` encodes COHORT and tells its classes. `--rows`
does so with a dataset of so many rows, too, which repeats the scans under other people's names. Last, what it takes
to hand a task over: here, to two processes, and to two workers of a Dask cluster. Peak memory is that of the command's
largest process. An hour on two cores with --rows 100000, ten minutes without it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset, participant_split, write_prepared
from brainlab.types import Float32Array
from brainlab.workers.workers import HERE, Workers

TARGET_S, TARGET_GIB = 600.0, 2.0
TASKS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what each scan of a large cohort costs.")
    parser.add_argument("heads", type=Path, help="BIDS dataset of whole heads")
    parser.add_argument("cohort", type=Path, help="BIDS dataset on the template")
    parser.add_argument("run", type=Path, help="run of an autoencoder of flair-40")
    parser.add_argument("--rows", type=int, help="of a larger dataset, which repeats the scans")
    parser.add_argument("--out", type=Path, help="keep the prepared datasets here (default: a scratch folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        os.environ["BRAINLAB_WORKSPACE"] = str(out / "workspace")
        for source in (args.heads, args.cohort):
            told = command("prepare", source, out / source.name, "--recipe", "flair-40")
            data = PreparedDataset.open(out / source.name)
            size = sum(path.stat().st_size for path in (out / source.name).rglob("*")) / len(data)
            raw = sum(path.stat().st_size for path in source.rglob("*_FLAIR.nii.gz")) / len(data)
            say("prepare", source.name, len(data), told, f"{raw / 2**20:.2f} MiB a scan become {size / 2**10:.0f} KiB")
        run = args.run.absolute()
        discriminate(run, out / args.cohort.name)
        if args.rows:
            begun = time.perf_counter()
            repeated(PreparedDataset.open(out / args.cohort.name), args.rows, out / "repeated")
            print(f"(written in {time.perf_counter() - begun:.0f} s)")
            discriminate(run, out / "repeated")
    hand_over()


def command(*words: Any) -> tuple[float, float, dict[str, Any]]:
    """Run a command; return its seconds, the peak memory of its largest process in GiB, and what it prints."""
    begun = time.perf_counter()
    started = subprocess.Popen([sys.executable, "-m", "brainlab", *map(str, words), "--json"], stdout=subprocess.PIPE)
    assert started.stdout is not None
    printed = started.stdout.read()
    _, status, used = os.wait4(started.pid, 0)
    if status:
        raise SystemExit(f"{words[0]} ended with {status}")
    return time.perf_counter() - begun, used.ru_maxrss / 2**20, json.loads(printed)


def discriminate(run: Path, data: Path) -> None:
    """Encode a dataset and fit and judge an LDA, as one command does from nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / run.name
        fresh.mkdir()
        for name in ("config.json", "weights.safetensors"):
            (fresh / name).symlink_to(run / name)
        told = command("lda", fresh, "--data", data)
        scans = len(PreparedDataset.open(data))
        fits = told[0] <= TARGET_S and told[1] <= TARGET_GIB
        verdict = f"balanced accuracy {told[2]['balanced_accuracy']:.2f}; at most {TARGET_S:.0f} s and {TARGET_GIB} GiB"
        say("encode and LDA", data.name, scans, told, f"{verdict}: {'yes' if fits else 'no'}")


def repeated(data: PreparedDataset, rows: int, folder: Path) -> None:
    """Write a dataset whose rows are those of another, again and again, of other people each time."""
    numbers = np.arange(rows) % len(data)
    table = data.scans.iloc[numbers].reset_index(drop=True)
    table["participant"] += pd.Series(np.arange(rows) // len(data)).map("x{}".format)
    table["split"] = table["participant"].map(participant_split)

    def images() -> Iterator[Float32Array]:
        for start in range(0, rows, 64):
            yield from data.batch(numbers[start : start + 64])[:, 0]

    write_prepared(folder, images(), table, data.recipe)


def hand_over() -> None:
    """Print what a task costs beside its work."""
    from distributed import LocalCluster

    def measured(workers: Workers) -> str:
        tasks: Sequence[tuple[int, int]] = [(number, 2) for number in range(TASKS)]
        list(workers.map(pow, tasks[:8]))
        begun = time.perf_counter()
        list(workers.map(pow, tasks))
        return f"{1e3 * (time.perf_counter() - begun) / TASKS:.2f} ms"

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        there = measured(Workers(scheduler=cluster.scheduler_address))
    print(f"a task handed over: here {measured(HERE)}, two processes {measured(Workers(2))}, two Dask workers {there}")


def say(what: str, name: str, scans: int, told: tuple[float, float, dict[str, Any]], more: str) -> None:
    seconds, gib, _ = told
    each = 1e3 * seconds / scans
    print(f"{what:15} {name:12} {scans:7,} scans {seconds:8.1f} s {each:8.1f} ms a scan {gib:5.2f} GiB  {more}")


if __name__ == "__main__":
    main()
