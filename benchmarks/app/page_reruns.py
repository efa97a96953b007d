"""Measure how long each page takes to run again on a large cohort, without a browser.

    python -m benchmarks.app.page_reruns [--scans 5404] [--repeats 5]

A made-up cohort of that many small volumes (two or three a person) and an untrained run on its grid are written to a
temporary workspace. Prints for each page and tab the median time of a rerun and the size of the widgets that a rerun
sends to the browser: a select box sends all its options each time.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from app.server.access import SIGNED_IN
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.config import to_dict
from brainlab.generators.vae import VAE, VAEConfig
from brainlab.workspace import PROJECT

SIDE = 16
CLASSES = ("healthy", "ms", "leuko1", "leuko2", "leuko3")
VIEWS = (
    ("cohort", {"cohort-tabs": "Scans"}),
    ("cohort", {"cohort-tabs": "Import scans"}),
    ("generate", {"generate-tabs": "Reconstructions"}),
    ("explorer", {"start-kind": "Scan"}),
    ("explorer", {"start-kind": "Two scans"}),
    ("explorer", {"explorer-tabs": "Film-strip", "walk-along-made-up": "from one scan to another"}),
    ("lda", {"lda-tabs": "Separation"}),
)
"""Page, and what is chosen on it."""
OF_THE_RUN = {"generate-runs": ["made-up"], "explorer-run": "made-up", "lda-run": "made-up"}


def write_workspace(folder: Path, scans: int) -> None:
    """Write the cohort and the run. What matters here is how many rows there are, so volumes are noise."""
    random = np.random.default_rng(0)
    people = np.sort(random.integers(0, max(1, int(scans / 2.4)), scans))
    table = pd.DataFrame(
        {
            "participant": [f"sub-{number:04d}" for number in people],
            "session": [f"ses-{number % 3}" for number in range(scans)],
            "class": [CLASSES[number % len(CLASSES)] for number in people],
            "age_years": 40 + 20 * random.random(scans),
            "sex": np.where(people % 2, "F", "M"),
            "split": np.where(people % 10 == 0, "test", "train"),
            "echo_time_s": 0.1 + 0.01 * random.random(scans),
        }
    )
    affine = np.diag([4.0, 4, 4, 1])
    recipe = {"name": "made-up", "shape": [SIDE] * 3, "affine": affine.tolist(), "simulated": True}
    volumes = (random.random((SIDE,) * 3, dtype=np.float32) for _ in range(scans))
    data = write_prepared(folder / "cohorts" / "made-up", volumes, table, recipe)
    write_run(folder / "runs" / "made-up", data)


def write_run(folder: Path, data: PreparedDataset) -> None:
    """Write an untrained run on the cohort's grid."""
    torch.manual_seed(0)
    config = VAEConfig(
        latent_dim=8, sample_shape=(1, SIDE, SIDE, SIDE), widths=(8, 8), dense_width=16, residual_blocks=0
    )
    folder.mkdir(parents=True)
    save_file(
        {name: v.contiguous() for name, v in VAE(config).state_dict().items()},
        folder / "weights.safetensors",
    )
    facts = {"name": data.name, "sha256": data.sha256, "simulated": True, "participants": []}
    settings = {"preset": "vae-8", "config": to_dict(config), "data": facts, "affine": data.affine.tolist()}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")


def rerun_times(page: str, chosen: dict[str, str], repeats: int) -> tuple[float, int]:
    """Open a page and run it again: median seconds, and bytes of all that it sends."""
    opened = AppTest.from_file(str(PROJECT / "pages" / f"{page}.py"), default_timeout=600)
    opened.session_state[SIGNED_IN] = True
    for key, value in {**OF_THE_RUN, **chosen}.items():
        opened.session_state[key] = value
    opened.run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        opened.run()
        times.append(time.perf_counter() - start)
    if opened.exception:
        raise SystemExit(f"{page}: {opened.exception}")
    return statistics.median(times), sum(len(str(box.options)) for box in opened.selectbox)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=5404, help="as many as the FLAIR paper's cohort")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BRAINLAB_WORKSPACE"] = folder
        write_workspace(Path(folder), args.scans)
        for page, chosen in VIEWS:
            seconds, sent = rerun_times(page, chosen, args.repeats)
            print(f"{page:10}{', '.join(chosen.values()):48}{1000 * seconds:8.0f} ms{sent / 1000:10.1f} kB of options")


if __name__ == "__main__":
    main()
