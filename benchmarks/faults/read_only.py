"""Run the long commands where something may not be written: their output, their inputs, the run, the caches.

    python -m benchmarks.faults.read_only [--inputs FOLDER]

A small tmpfs is mounted and made read-only, which holds for root, too (needs root).
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, contents, places
from benchmarks.faults.kills import import_libraries
from benchmarks.faults.process import Ended, run
from benchmarks.faults.small_disk import SmallDisk, small_disk

NAMES = ("simulate", "prepare", "train vae-8", "evaluate", "import-dicom", "translate")


def outputs(inputs: Path, disk: SmallDisk) -> list[str]:
    """Each command into a read-only place, with the caches elsewhere read-only as well."""
    lines = []
    for name in NAMES:
        command, place = COMMANDS[name], disk.folder / "work"
        command.begin(inputs, place)
        before = contents(place)
        with tempfile.TemporaryDirectory() as other:
            work = Path(other) / "work"
            work.mkdir()
            for path in place.iterdir():
                (work / path.name).symlink_to(path)
            words = tuple(str(place / "out") if word == "out" else word for word in command.words)
            with disk.read_only():
                ended = run(words, work, limits=_environment(BRAINLAB_WORKSPACE=str(place)))
        good = ended.code == 2 and ended.one_line and contents(place) == before
        lines.append(_line(f"output of {name}", good, ended))
    return lines


def sources(inputs: Path, disk: SmallDisk) -> list[str]:
    """Each command from read-only inputs, with home, caches and temporary settings read-only."""
    lines = []
    held = disk.folder / "inputs"
    shutil.copytree(inputs, held, symlinks=True)
    before = contents(held)
    home = str(disk.folder)
    for name in NAMES:
        with tempfile.TemporaryDirectory() as other, disk.read_only():
            work = Path(other) / "work"
            COMMANDS[name].begin(held, work)
            words = tuple("run" if name == "evaluate" and word == "out" else word for word in COMMANDS[name].words)
            if name == "evaluate":
                shutil.rmtree(work / "out")
                (work / "run").symlink_to(held / "run")
            cache = {
                "HOME": home,
                "XDG_CACHE_HOME": home,
                "MPLCONFIGDIR": home,
                "TORCH_HOME": home,
                "NILEARN_DATA": home,
            }
            ended = run(words, work, limits=_environment(**cache, BRAINLAB_WORKSPACE=str(Path(other) / "workspace")))
        good = ended.code == 0 and contents(held) == before
        lines.append(_line(f"inputs, home and caches of {name}", good, ended))
    return lines


def _environment(**values: str) -> Callable[[], None]:
    return lambda: os.environ.update(values)


def _line(what: str, good: bool, ended: Ended) -> str:
    said = [line for line in (ended.err + ended.out).splitlines() if line.startswith(("error", "note", "warning"))]
    if not good:
        print(ended.err[-2000:], file=sys.stderr)
    return f"read-only {what}: {'ok' if good else 'BAD'}: exit {ended.code}: {'; '.join(said[-2:])}"


def main() -> int:
    """Try all; 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=Path, help="where what the commands read is kept between calls")
    args = parser.parse_args()
    import_libraries()
    bad = 0
    with places(args.inputs) as (place, inputs):
        for number, look in enumerate((outputs, sources)):
            with small_disk(place / f"disk-{number}") as disk:
                for line in look(inputs, disk):
                    print(line.replace(str(disk.folder), ""), flush=True)
                    bad += "BAD" in line
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
