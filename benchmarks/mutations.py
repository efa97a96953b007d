"""Break the code on purpose, one fault at a time, and see whether a test fails.

    python benchmarks/mutations.py [NAME ...] [--only TEXT] [--tests REVISION] [--jobs N]

NAME is a table in benchmarks/mutations/ without its ending (evaluation, latent, ...); all by default. A table lists
faults: a file, the text that is replaced, what it is replaced by, and the tests that should notice. Each fault is put
into a copy of the tracked files of its own, never into the working tree. Prints one line a fault (caught by which
test, missed, or stale where the text is not found exactly once) and the share caught. `--tests` takes the tests of
another revision, to see what was caught before.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from checkout import PROJECT

TABLES = Path(__file__).with_suffix("")
LIMIT_S = 900


def copy_of_tree(target: Path, tests: str | None) -> None:
    """Copy the tracked files as they are in the working tree, with the tests of another revision where one is named."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
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


def verdict(tree: Path, fault: dict[str, str]) -> tuple[str, str]:
    """Put a fault into a tree, run its tests, take it out again: (caught, missed or stale; the test that failed)."""
    path = tree / fault["file"]
    sound = path.read_text() if path.is_file() else ""
    if sound.count(fault["old"]) != 1:
        return "stale", f"the text stands {sound.count(fault['old'])} times in {fault['file']}"
    path.write_text(sound.replace(fault["old"], fault["new"]))
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "--no-header", "-p", "no:cacheprovider", *fault["tests"].split()]
    try:
        ended = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        output, code = ended.stdout + ended.stderr, ended.returncode
    except subprocess.TimeoutExpired:
        output, code = "", -1
    finally:
        path.write_text(sound)
    if code == 0:
        return "missed", ""
    if code == 1:
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        return "caught", failed[1] if failed else "a test"
    return ("caught", "the tests hang") if code == -1 else ("stale", output.strip().splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="tables to run; all by default")
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--tests", help="take the tests of this git revision")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    tables = [TABLES / f"{name}.toml" for name in args.names] or sorted(TABLES.glob("*.toml"))
    faults = [(table.stem, fault) for table in tables for fault in tomllib.loads(table.read_text())["fault"]]
    faults = [(table, fault) for table, fault in faults if args.only in fault["name"]]
    counts = dict.fromkeys(("caught", "missed", "stale"), 0)
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
                counts[word] += 1
                print(f"{word}\t{table}\t{fault['name']}\t{by}", flush=True)
    judged = counts["caught"] + counts["missed"]
    print(f"caught {counts['caught']} of {judged}; stale {counts['stale']}")
    return 1 if counts["missed"] or counts["stale"] else 0


if __name__ == "__main__":
    sys.exit(main())
