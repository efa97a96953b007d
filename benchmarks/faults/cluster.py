"""Prepare a cohort on a Dask cluster of two workers while they are killed, and compare it with one that nobody killed.

    brainlab prepare COHORT PREPARED --recipe flair-40
    python -m benchmarks.faults.cluster COHORT PREPARED [--kills 10] [--every 20]

Every so many seconds one of the two workers gets SIGKILL, at a random moment of its work; its nanny starts another.
Prints how many were killed, and which files of the result differ from PREPARED by a byte: none may. With 5,404 scans on
the template this takes twenty minutes on two cores.
"""

import argparse
import filecmp
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from distributed import Client, LocalCluster


def main() -> None:
    parser = argparse.ArgumentParser(description="Prepare a cohort on a cluster whose workers are killed.")
    parser.add_argument("cohort", type=Path)
    parser.add_argument("prepared", type=Path, help="the same cohort, prepared by one process")
    parser.add_argument("--kills", type=int, default=10, help="workers to kill (default 10)")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between them, on average (default 20)")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=args.prepared.parent) as scratch,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
    ):
        out = Path(scratch) / "prepared"
        words = [args.cohort, out, "--recipe", "flair-40", "--scheduler", cluster.scheduler_address]
        begun = time.perf_counter()
        command = subprocess.Popen([sys.executable, "-m", "brainlab", "prepare", *map(str, words)])
        killed: list[int] = []
        enough = threading.Event()
        killer = threading.Thread(target=kill, args=(cluster.scheduler_address, args, killed, enough))
        killer.start()
        status = command.wait()
        enough.set()
        killer.join()
        seconds = time.perf_counter() - begun
        print(f"exit {status} after {seconds:.0f} s, {len(killed)} workers killed")
        names = sorted(path.name for path in args.prepared.iterdir())
        same = filecmp.cmpfiles(args.prepared, out, names, shallow=False)[0]
        print(f"equal to the byte: {', '.join(same)}; differing: {', '.join(set(names) - set(same)) or 'none'}")


def kill(address: str, args: argparse.Namespace, killed: list[int], enough: threading.Event) -> None:
    """Kill one worker after the other at random times."""
    with Client(address, set_as_default=False) as client:
        while len(killed) < args.kills and not enough.wait(random.uniform(0.5, 1.5) * args.every):
            workers = list(client.run(os.getpid).values())
            if workers:
                killed.append(random.choice(workers))
                os.kill(killed[-1], signal.SIGKILL)


if __name__ == "__main__":
    main()
