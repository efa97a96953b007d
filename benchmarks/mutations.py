"""Break the code on purpose, one fault at a time, and see whether a test fails.

    python -m benchmarks.mutations [NAME ...] [--only TEXT] [--tests REVISION] [--jobs N]

NAME is a table in benchmarks/mutations/ without its ending (evaluation, latent, ...); all by default. A table lists
faults: a file, the text that is replaced, what it is replaced by, and the tests that should notice. Each fault is put
into a copy of the tracked files of its own, never into the working tree. Prints one line a fault (caught by which
test, missed, or stale where the text is not found exactly once) and the share caught. `--tests` takes the tests of
another revision, to see what was caught before; test files that it lacks are left out. A fault with a key `equivalent`
changes nothing that can be observed, for the reason given there; it is counted and not run.
"""

import argparse
import compileall
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

PROJECT = Path(__file__).resolve().parent.parent  # and not brainlab.workspace, which is to come from the copy
TABLES = Path(__file__).with_suffix("")
OUTPUT = ".output-of-tests"
LIMIT_S = 900
SERVER = multiprocessing.get_context("forkserver")
"""Each fault's tests run in a fork of a process that has the heavy libraries, and nothing of brainlab, in memory."""
LIBRARIES = [
    "pytest",
    "torch",
    "monai.metrics",
    "monai.losses",
    "nilearn.datasets",
    "statsmodels.api",
    "sklearn.ensemble",
    "hypothesis",
]


def copy_of_tree(target: Path, tests: str | None) -> None:
    """Copy the tracked files as they are in the working tree, with the tests of another revision where one is named."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, encoding="utf-8", check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        source, place = PROJECT / name, target / name
        if source.is_file() and not (tests and name.startswith("tests/")):
            place.parent.mkdir(parents=True, exist_ok=True)
            if name.startswith(("models/", "data/")):
                place.symlink_to(source)
            else:
                shutil.copy2(source, place)
    if tests:
        archive = subprocess.run(["git", "archive", tests, "tests"], cwd=PROJECT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(target)], input=archive.stdout, check=True)
    compileall.compile_dir(target / "brainlab", quiet=1)


def verdict(tree: Path, fault: dict[str, str]) -> tuple[str, str]:
    """Put a fault into a tree, run its tests, take it out again: (caught, missed or stale; the test that failed)."""
    if "equivalent" in fault:
        return "equivalent", fault["equivalent"]
    path = tree / fault["file"]
    sound = path.read_text(encoding="utf-8") if path.is_file() else ""
    if sound.count(fault["old"]) != 1:
        return "stale", f"the text stands {sound.count(fault['old'])} times in {fault['file']}"
    tests = [name for name in fault["tests"].split() if (tree / name.partition("::")[0]).exists()]
    if not tests:
        return "missed", "no such tests"
    path.write_text(sound.replace(fault["old"], fault["new"]), encoding="utf-8")
    process = SERVER.Process(target=_run_tests, args=(tree, tests))
    try:
        process.start()
        process.join(LIMIT_S)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
    finally:
        path.write_text(sound, encoding="utf-8")
    output = (tree / OUTPUT).read_text(encoding="utf-8")
    if code == 0:
        return "missed", ""
    if code == 1:
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        return "caught", failed[1] if failed else "a test"
    if code is None or code < 0:
        return "caught", "the tests hang" if code is None else f"the tests are ended by signal {-code}"
    return "stale", output.strip().splitlines()[-1]


def _run_tests(tree: Path, tests: list[str]) -> None:
    """Run pytest in a tree, in a process of its own; it ends with pytest's exit code."""
    import pytest

    os.chdir(tree)
    sys.path.insert(0, str(tree))
    os.environ["PYTHONPATH"] = str(tree)
    multiprocessing.set_start_method("fork", force=True)  # what tests start is to have the fault too
    sys.dont_write_bytecode = True
    with (tree / OUTPUT).open("w", encoding="utf-8", buffering=1) as out:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(out.fileno(), stream.fileno())
        code = pytest.main(["-x", "--no-header", "-p", "no:cacheprovider", "-m", "", *tests])
    sys.exit(int(code))


def _refused(reason: str) -> int:
    """Say in one line why nothing is run, and return the exit code."""
    print(f"error: {reason}", file=sys.stderr)
    return 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="tables to run; all by default")
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--tests", help="take the tests of this git revision")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    known = {table.stem: table for table in sorted(TABLES.glob("*.toml"))}
    if unknown := [name for name in args.names if name not in known]:
        return _refused(f"{', '.join(unknown)}: no such table; choose from {', '.join(known)}")
    tables = [known[name] for name in args.names] or list(known.values())
    faults = [
        (table.stem, fault) for table in tables for fault in tomllib.loads(table.read_text(encoding="utf-8"))["fault"]
    ]
    faults = [(table, fault) for table, fault in faults if args.only in fault["name"]]
    if not faults:
        return _refused(f"--only: needs a part of a fault's name, got {args.only!r}, which is in none")
    revision = ["git", "rev-parse", "--verify", "--quiet", f"{args.tests}:tests"]
    if args.tests and subprocess.run(revision, cwd=PROJECT, capture_output=True, check=False).returncode:
        return _refused(f"--tests: needs a git revision with tests, got {args.tests!r}")
    counts: dict[str, Counter[str]] = {table: Counter() for table, _ in faults}
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    SERVER.set_forkserver_preload(LIBRARIES)
    with tempfile.TemporaryDirectory() as scratch:
        trees: Queue[Path] = Queue()
        for number in range(args.jobs):
            copy_of_tree(Path(scratch) / str(number), args.tests)
            trees.put(Path(scratch) / str(number))

        def judge(entry: tuple[str, dict[str, str]]) -> tuple[str, str]:
            tree = trees.get()
            try:
                return verdict(tree, entry[1])
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(args.jobs) as pool:
            for (table, fault), (word, by) in zip(faults, pool.map(judge, faults), strict=True):
                counts[table][word] += 1
                print(f"{word}\t{table}\t{fault['name']}\t{by}", flush=True)
    for table, count in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        print(f"{table}: caught {count['caught']} of {count['caught'] + count['missed']}; ", end="")
        print(f"equivalent {count['equivalent']}, stale {count['stale']}")
    return 1 if any(count["missed"] or count["stale"] for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
