"""What training and sampling with each preset on whole volumes takes: parameters, seconds, memory.

    python -m benchmarks.models.volume_presets [--sides 64 128 256] [--presets slice-vae-128 ...]

For each side ten smooth volumes are written into a scratch folder. Then `brainlab train --estimate` times steps of two
volumes, and `brainlab sample` draws two and six with fresh weights, each in a process of its own, in one thread, whose
peak resident set is printed. Hours are of 4,212 volumes, as `slice-vae-64-small` was shown; a sample's seconds are a
quarter of what six take longer than two. What exceeds --limit is stopped and named.
"""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from benchmarks.models.large_volumes import watched, write_smooth, write_untrained
from brainlab.cohort.prepared import PreparedDataset
from brainlab.runs.methods import presets
from brainlab.runs.run import load_run

SHOWN, BATCH = 4212, 2
FEW, MANY = 2, 6


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what each preset on volumes takes.")
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--presets", nargs="+", help="only these (default: all of these sides)")
    parser.add_argument("--limit", type=int, default=600, help="seconds that one command may take (default 600)")
    args = parser.parse_args()
    print("| preset | parameters | volumes a second | hours for 4,212 volumes | MiB | samples: s each | MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for side in args.sides:
        with tempfile.TemporaryDirectory() as scratch:
            data = write_smooth(Path(scratch) / "cohorts" / "smooth", side)
            for name in sorted(presets()):
                if presets()[name].config.sample_shape == (1, side, side, side) and name in (args.presets or [name]):
                    print(row(Path(scratch), data, name, args.limit), flush=True)


def row(folder: Path, data: PreparedDataset, preset: str, limit: int) -> str:
    """Return a preset's row of the table."""
    brainlab = [sys.executable, "-m", "brainlab"]
    run = folder / "runs" / preset
    write_untrained(run, preset, data)
    parameters = sum(math.prod(each.shape) for each in load_run(run).outline.parameters())
    trained = [*brainlab, "train", preset, "--data", data.folder, "--out", folder / "out", "--estimate", "--json"]
    cells = [f"{parameters / 1e6:.2f} M"]
    if (found := watched(folder, list(map(str, [*trained, "--batch-size", BATCH])), limit)) is None:
        cells += [f"over {limit} s", "-", "-"]
    else:
        rate = json.loads(found[2].splitlines()[-1])["samples_per_second"]
        cells += [f"{rate:.2g}", f"{SHOWN / rate / 3600:.1f}", f"{found[1]:,.0f}"]
    drawn = [
        watched(folder, list(map(str, [*brainlab, "sample", run, folder / f"{preset}-{n}", "--n", n])), limit)
        for n in (FEW, MANY)
    ]
    if drawn[0] is None or drawn[1] is None:
        cells += [f"over {limit} s", "-"]
    else:
        cells += [f"{max(drawn[1][0] - drawn[0][0], 0) / (MANY - FEW):.2g}", f"{drawn[1][1]:,.0f}"]
    return f"| {preset} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
