"""Fill the disk under the long commands: one line that names the file, earlier results intact, and on with more room.

    python -m benchmarks.faults.full_disk [NAME ...] [--inputs FOLDER]

Each command begins on a small tmpfs (needs root) on which an earlier result of its own lies, with so little room that
it ends at a share of what it needs. Then the room is made, and the same call must end with the bytes of a run that
never lacked any.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.faults.commands import (
    COMMANDS,
    EVALUATE,
    IMPORT,
    PREPARE,
    SIMULATE,
    TRANSLATE,
    Command,
    contents,
    places,
)
from benchmarks.faults.kills import import_libraries
from benchmarks.faults.process import Ended, run
from benchmarks.faults.small_disk import SmallDisk, small_disk

SHARES = (0.0, 0.3, 0.6, 0.9)
"""Of the room that a command needs, how much there is."""
ONE_PERSON = ("simulate", "out", "--participants", "1", *SIMULATE[2:])


@dataclass(frozen=True)
class Scenario:
    """before: words that make the earlier result. words: those that meet the full disk. kept: which files of the
    earlier result stay as they are until the command has ended: none of a training, of an import not its lists.
    """

    before: tuple[str, ...]
    words: tuple[str, ...]
    kept: str = "*"


LONGER = (*COMMANDS["train vae-8"].words[:-4], "--epochs", "4", "--checkpoint-steps", "1")
SCENARIOS = {
    "simulate": Scenario(ONE_PERSON, COMMANDS["simulate"].words),
    "prepare": Scenario(PREPARE, (*PREPARE[:-1], "flair-80", "--overwrite")),
    "train vae-8": Scenario((*LONGER, "--stop-after", "1"), (*LONGER, "--stop-after", "3", "--resume"), kept=""),
    "evaluate": Scenario(EVALUATE, (*EVALUATE, "--seed", "1")),
    "import-dicom": Scenario(("import-dicom", "scanner/philips_mprage", "out"), IMPORT, kept="out/sub-*"),
    "translate": Scenario((*TRANSLATE[:-1], "test"), (*TRANSLATE, "--overwrite")),
}


def meet(name: str, inputs: Path, disk: SmallDisk) -> list[str]:
    """Run a command on a disk that is full at each share; returns a line a share."""
    command, scenario = COMMANDS[name], SCENARIOS[name]
    place = disk.folder / "work"
    earlier = _begin(command, scenario, inputs, place)
    room = disk.free
    _expect(_run(scenario.words, place))
    needed, whole = room - disk.free, contents(place)
    lines = []
    for share in SHARES:
        _begin(command, scenario, inputs, place)
        disk.fill(int(share * max(needed, 1 << 18)))
        ended = _run(scenario.words, place)
        there = contents(place)
        kept = {path: content for path, content in earlier.items() if fnmatch(path, scenario.kept)}
        same = all(there.get(path) == content for path, content in kept.items()) if kept else None
        disk.empty()
        said = ended.err.strip().splitlines()[-1] if ended.err.strip() else ""
        if ended.code == 0:
            lines.append(f"{name}: {share:.0%} of the room: fits")
            continue
        again = _run(scenario.words, place)
        equal = again.code == 0 and contents(place) == whole
        good = ended.code == 2 and ended.one_line and same is not False and equal
        lines.append(
            f"{name}: {share:.0%} of the room: {'ok' if good else 'BAD'}: exit {ended.code}, "
            f"one line {ended.one_line}, earlier intact {same}, then exit {again.code}, equal {equal}: {said}"
        )
        if not good:
            print(ended.err[-1500:], again.err[-500:], _unlike(contents(place), whole), file=sys.stderr)
    return lines


def _run(words: tuple[str, ...], place: Path) -> Ended:
    return run(words, place, limits=lambda: os.environ.update(BRAINLAB_WORKSPACE=str(place / "workspace")))


def _unlike(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))[:5]


def _begin(command: Command, scenario: Scenario, inputs: Path, place: Path) -> dict[str, bytes]:
    command.begin(inputs, place)
    _expect(_run(scenario.before, place))
    return contents(place)


def _expect(ended: Ended) -> None:
    if ended.code:
        raise RuntimeError(ended.err)


def main() -> int:
    """Fill and count; 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--inputs", type=Path, help="where what the commands read is kept between calls")
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in SCENARIOS]:
        parser.error(f"knows no {unknown[0]}; needs one of {', '.join(SCENARIOS)}")
    import_libraries()
    bad = 0
    with places(args.inputs) as (place, inputs), small_disk(place / "disk") as disk:
        for name in args.names or SCENARIOS:
            for line in meet(name, inputs, disk):
                print(line.replace(str(disk.folder), ""), flush=True)
                bad += "BAD" in line
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
