"""Memory and time of sampling, evaluating and viewing volumes of 64^3, 128^3 and 256^3.

    python -m benchmarks.models.large_volumes [--sides 64 128 256] [--n 4] [--evaluated 8] [--limit 1800]

For each side a slice VAE with fresh weights and ten smooth volumes are written into a scratch folder. Then the commands
and the pages are called, each in a process of its own, whose peak resident set is printed, also as a multiple of one
volume in float32. A page is opened with its choices as they are, and then all volumes that it lets the browser fetch
are made, whose bytes are what is sent.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.config import to_dict
from brainlab.runs.methods import find_preset
from brainlab.runs.provenance import hashes_of_training

TRAINED, TESTED = 2, 8
PAGES = {"generate": "Samples", "cohort": "Scans"}
"""Page to what it shows when it opens."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what large volumes take.")
    parser.add_argument("--sides", type=int, nargs="+", choices=(64, 128, 256), default=[64, 128, 256])
    parser.add_argument("--n", type=int, default=4, help="samples (default 4)")
    parser.add_argument("--evaluated", type=int, default=8, help="samples of the evaluation (default 8)")
    parser.add_argument("--limit", type=float, default=1800, help="seconds that one command may take (default 1800)")
    parser.add_argument("--page", choices=tuple(PAGES), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.page:
        show(args.page)
        return
    print(f"{'side':>4} {'what':24} {'peak MiB':>9} {'volumes':>8} {'s':>6}  sent to the browser")
    for side in args.sides:
        with tempfile.TemporaryDirectory() as scratch:
            measure(Path(scratch), side, args.n, args.evaluated, args.limit)


def measure(folder: Path, side: int, n: int, evaluated: int, limit: float) -> None:
    """Print the rows of one side."""
    data, run = folder / "cohorts" / "smooth", folder / "runs" / "slices"
    write_untrained(run, f"slice-vae-{side}", write_smooth(data, side))
    brainlab = [sys.executable, "-m", "brainlab"]
    steps = {
        f"sample --n {n}": [*brainlab, "sample", run, folder / "few", "--n", n],
        f"sample --n {4 * n}": [*brainlab, "sample", run, folder / "many", "--n", 4 * n],
        f"evaluate --n {evaluated}": [*brainlab, "evaluate", run, "--data", data, "--n", evaluated],
        **{f"page {page}": [sys.executable, "-m", "benchmarks.models.large_volumes", "--page", page] for page in PAGES},
    }
    for what, words in steps.items():
        if (found := watched(folder, list(map(str, words)), limit)) is None:
            print(f"{side:4} {what:24} over {limit:g} s", flush=True)
            continue
        seconds, mebibytes, said = found
        sent = said.splitlines()[-1] if what.startswith("page") else ""
        print(f"{side:4} {what:24} {mebibytes:9.0f} {mebibytes / (4 * side**3 / 2**20):8.1f} {seconds:6.1f}  {sent}")
        sys.stdout.flush()


def write_untrained(folder: Path, preset: str, data: PreparedDataset) -> None:
    """Write a run with fresh weights."""
    folder.mkdir(parents=True)
    method, chosen = find_preset(preset)
    torch.manual_seed(0)
    save_file(
        {name: value.contiguous() for name, value in method.network(chosen.config).state_dict().items()},
        folder / "weights.safetensors",
    )
    kept = {"name": data.name, "sha256": data.sha256, "simulated": True, **hashes_of_training(data), "scans": TRAINED}
    plain = {"preset": preset, "method": method.name, "config": to_dict(chosen.config), "data": kept}
    settings = {**plain, "shape": list(data.shape), "affine": data.affine.tolist(), "recipe": data.recipe, "seed": 0}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")


def write_smooth(folder: Path, side: int) -> PreparedDataset:
    """Write volumes whose brightness runs smoothly, one a person."""
    people = [f"p{number:02d}" for number in range(TRAINED + TESTED)]
    split = ["train"] * TRAINED + ["test"] * TESTED
    table = pd.DataFrame({"participant": people, "class": "healthy", "split": split})
    recipe = {"name": f"t1-cube-{side}", "shape": [side] * 3, "affine": np.eye(4).tolist(), "simulated": True}
    axis = np.linspace(0, 1, side, dtype=np.float32)
    random = np.random.default_rng(0)
    phases = random.uniform(0, 2 * np.pi, (len(people), 3)).astype(np.float32)
    waves = ([np.sin(6 * axis + phase) for phase in phase_of] for phase_of in phases)
    volumes = (0.5 + (x[:, None, None] + y[None, :, None] + z[None, None]) / 6 for x, y, z in waves)
    return write_prepared(folder, volumes, table, recipe)


def watched(folder: Path, words: list[str], limit: float) -> tuple[float, float, str] | None:
    """Run a command; return its seconds, its peak resident set in MiB, and what it printed.

    None where it takes longer than `limit` seconds.
    """
    start, told = time.monotonic(), folder / "said.txt"
    environment = {**os.environ, "BRAINLAB_WORKSPACE": str(folder), "OMP_NUM_THREADS": "1"}
    with told.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT, env=environment)
        stop = threading.Timer(limit, process.kill)
        stop.start()
        _, status, usage = os.wait4(process.pid, 0)
        late = not stop.is_alive()
        stop.cancel()
    if late:
        return None
    if status:
        sys.exit(f"{' '.join(words)} ended with status {status}:\n{told.read_text(encoding='utf-8')}")
    return time.monotonic() - start, usage.ru_maxrss / 2**10, told.read_text(encoding="utf-8")


def show(page: str) -> None:
    """Open a page and make all volumes that it publishes; print how many there are and their bytes."""
    import logging

    from streamlit.testing.v1 import AppTest

    from app.components.layout import PAGES as PAGES_FOLDER
    from app.data import volumes
    from app.server import routes
    from app.server.access import SIGNED_IN

    published: list[volumes.Source] = []
    publish = routes.LINKS.publish

    def noted(thing: volumes.Source, version: str = "") -> str:
        published.append(thing)
        return publish(thing, version)

    routes.LINKS.publish = noted  # type: ignore[method-assign, assignment]
    logging.disable(logging.ERROR)
    script = AppTest.from_file(str(PAGES_FOLDER / f"{page}.py"), default_timeout=600)
    script.session_state[SIGNED_IN] = True
    if page == "generate":
        script.query_params["run"] = "slices"
        script.session_state["generate-tabs"] = PAGES[page]
    script.run()
    if script.exception:
        sys.exit(str(script.exception))
    shown = list(dict.fromkeys(published))
    sizes = [volumes.load(source).nbytes for source in shown]
    print(f"{len(sizes)} volumes, {sum(sizes) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
