"""Many readers answer at once: is an answer lost or doubled, and how long does a commit take?

    python -m benchmarks.reading.load [--readers 50] [--answers 5000] [--pace SECONDS]
        [--layer app|threads|processes] [--twice SHARE] [--cut SHARE]

Readers go through the routes of the running app, or with `--layer` through the session layer alone, in threads of this
process or each in a process of its own. Some answers are sent twice, and some connections are cut after sending. Commit
times are taken where the transaction is, around BEGIN IMMEDIATE ... COMMIT (synchronous=FULL); round trips by readers.
Target: 99% of commits within 50 ms.
"""

import argparse
import multiprocessing
import os
import tempfile
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.reading.simulated_readers import (
    Door,
    Faults,
    HttpDoor,
    Readings,
    SessionDoor,
    app,
    free_port,
    lock_made_up_study,
    read,
    tally,
)
from benchmarks.reading.timed_commits import STEPS, read_times, time_commits

TARGET_P99_MS = 50.0


def one_reader(folder: Path, token: str, seed: int, pace_s: float, faults: Faults, port: int | None) -> Readings:
    """Read as one reader, by the app's routes if there is a port, else by the session layer."""
    door: Door = HttpDoor(port, folder.name, token) if port else SessionDoor(folder, token)
    return read(door, seed, pace_s, faults, Readings())


def all_readers(
    folder: Path, tokens: list[str], pace_s: float, faults: Faults, pool: Executor, port: int | None
) -> Readings:
    """Let all read at once and put together what they know."""
    waiting = [pool.submit(one_reader, folder, token, seed, pace_s, faults, port) for seed, token in enumerate(tokens)]
    together = Readings()
    for reader in waiting:
        known = reader.result()
        together.given |= known.given
        together.round_trips_s += known.round_trips_s
        together.sent_twice += known.sent_twice
        together.cut += known.cut
    return together


def spread(name: str, seconds: list[float]) -> str:
    """One line: 50th, 95th and 99th percentile and the longest, in ms."""
    p50, p95, p99, longest = np.percentile(np.array(seconds) * 1000, [50, 95, 99, 100])
    return f"{name:28s} p50 {p50:7.2f}  p95 {p95:7.2f}  p99 {p99:7.2f}  longest {longest:8.2f} ms"


def main() -> int:
    """Measure; 0 when nothing was lost or doubled and the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--answers", type=int, default=5000, help="in all")
    parser.add_argument("--pace", type=float, default=2.0, help="seconds a reader looks at a case; 0: no pause at all")
    parser.add_argument("--layer", choices=("app", "threads", "processes"), default="app")
    parser.add_argument("--twice", type=float, default=0.1, help="share of answers sent twice")
    parser.add_argument("--cut", type=float, default=0.1, help="share of connections cut after sending")
    args = parser.parse_args()
    faults = Faults(args.twice, args.cut)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        workspace, log = Path(scratch), Path(scratch) / "commits.txt"
        folder, tokens = lock_made_up_study(workspace, args.readers, args.answers // args.readers)
        if args.layer == "app":
            port, timed = free_port(), ("-m", "benchmarks.reading.timed_commits", str(log))
            with app(workspace, port, timed), ThreadPoolExecutor(args.readers) as pool:
                known = all_readers(folder, tokens, args.pace, faults, pool, port)
        else:
            time_commits(log)
            fork = multiprocessing.get_context("fork")
            pool = (
                ThreadPoolExecutor(args.readers)
                if args.layer == "threads"
                else ProcessPoolExecutor(args.readers, mp_context=fork)
            )
            with pool:
                known = all_readers(folder, tokens, args.pace, faults, pool, None)
        found, times = tally(folder, known.given), read_times(log)
    totals = [sum(steps) for steps in times]
    print(f"{os.cpu_count()} cores, load {before:.1f} before and {os.getloadavg()[0]:.1f} after")
    print(f"{args.readers} readers, layer {args.layer}, pace {args.pace:g} s")
    print(f"sent twice {known.sent_twice}, connections cut {known.cut}")
    print(
        f"acknowledged {found.acknowledged}, found {found.found}, lost {found.lost}, doubled {found.doubled}; "
        f"verify: {'ok' if found.whole else '; '.join(found.problems)}"
    )
    print(spread("transaction, in the server" if args.layer == "app" else "transaction", totals))
    for number, step in enumerate(STEPS):
        print(spread(f"  {step}", [steps[number] for steps in times]))
    print(spread("answer's round trip", known.round_trips_s))
    p99_ms = float(np.percentile(totals, 99)) * 1000
    met = p99_ms <= TARGET_P99_MS
    print(f"target: p99 of a transaction {TARGET_P99_MS:g} ms: {'met' if met else f'not met ({p99_ms:.1f} ms)'}")
    right = found.whole and not found.lost and not found.doubled and found.found == args.answers
    return 0 if right and met else 1


if __name__ == "__main__":
    raise SystemExit(main())
