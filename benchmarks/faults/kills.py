"""Kill the long commands at random moments: is each result that is taken up equal to that of a run without a kill?

    python -m benchmarks.faults.kills [NAME ...] [--kills 12] [--seed 0] [--inputs FOLDER]

NAME is a command of `benchmarks/faults/commands.py`; all by default. Every other kill comes at a moment drawn evenly
from the CPU time of an uninterrupted run, the others just before an act on files (a file opened for writing, renamed,
removed, ...) drawn evenly from those of such a run. After each kill the next step may refuse what is there or take it
whole. Then the command is called again as its user would call it, and sometimes killed again, until it ends. All bytes
are compared with those of the uninterrupted run, but for the seconds that trainings took.
"""

import argparse
import os
import random
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, Command, contents, places, take
from benchmarks.faults.process import Ended, When, end_group, group_members, run

AGAIN = 0.4
"""Share of the runs taken up that are killed, too."""
ORPHANS_S = 5.0
"""How long workers may live on after their leader was killed."""


@dataclass
class Toll:
    """What kills of a command did. trials: results taken up. missed: a kill that came after the end."""

    kills: int = 0
    trials: int = 0
    equal: int = 0
    damaged: int = 0
    stuck: int = 0
    taken_half: int = 0
    left_over: int = 0
    orphans: int = 0
    missed: int = 0
    refused: int = 0
    told: list[str] = field(default_factory=list)


def kill_command(command: Command, inputs: Path, scratch: Path, kills: int, chance: random.Random) -> Toll:
    """Kill a command until so many kills came before its end, and return the toll."""
    plain, whole = _uninterrupted(command, inputs, scratch)
    found = take(command, scratch)
    toll = Toll()
    while toll.kills < kills:
        command.begin(inputs, scratch)
        words, ended = command.words, None
        while ended is None or ended.killed:
            kill = ended is None or chance.random() < AGAIN
            ended = run(words, scratch, _moment(plain, chance, toll, command) if kill else None)
            toll.kills += ended.killed
            toll.missed += kill and not ended.killed
            _count_orphans(ended, toll)
            if ended.killed and (there := take(command, scratch)) not in (None, found):
                toll.taken_half += 1
                toll.told.append(f"taken for whole: {there!r} instead of {found!r}")
            toll.refused += ended.killed and there is None
            words = command.taken_up(scratch)
        toll.trials += 1
        _compare(ended, contents(scratch), whole, toll)
    return toll


def _uninterrupted(command: Command, inputs: Path, scratch: Path) -> tuple[Ended, dict[str, bytes]]:
    """Run a command twice without a kill; returns the second run and what it wrote. Both must be equal."""
    found = []
    for _ in range(2):
        command.begin(inputs, scratch)
        ended = run(command.words, scratch)
        if ended.code:
            raise RuntimeError(f"{command.name}: {ended.err}")
        found.append(contents(scratch))
    if differing := _differing(*found):
        raise RuntimeError(f"{command.name}: two runs without a kill differ in {differing}")
    return ended, found[1]


def _moment(plain: Ended, chance: random.Random, toll: Toll, command: Command) -> When:
    if toll.kills % 2 or not plain.acts:
        return When(cpu_s=chance.uniform(0, plain.cpu_s), leader=command.leader)
    return When(act=chance.randint(1, plain.acts))


def _count_orphans(ended: Ended, toll: Toll) -> None:
    if not ended.left:
        return
    until = time.monotonic() + ORPHANS_S
    while (left := [pid for pid in ended.left if _lives(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    toll.orphans += bool(left)
    for pid in left:
        toll.told.append(f"orphan: {Path(f'/proc/{pid}/cmdline').read_bytes()[:80]!r}, state {_state(pid)}")
        end_group(os.getpgid(pid))


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]


def _lives(pid: int) -> bool:
    try:
        return pid in group_members(os.getpgid(pid))
    except ProcessLookupError:
        return False


def _compare(ended: Ended, there: dict[str, bytes], whole: dict[str, bytes], toll: Toll) -> None:
    if ended.code:
        toll.stuck += 1
        toll.told.append(f"stuck (exit {ended.code}): {ended.err.strip()[-300:]}")
        return
    differing = _differing(there, whole)
    left = [name for name in differing if name not in whole]
    toll.left_over += bool(left)
    others = [name for name in differing if name in whole]
    toll.damaged += bool(others)
    toll.equal += not differing
    if differing:
        toll.told.append(f"left over {left[:3]}, differing {others[:3]}")


def _differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def main() -> int:
    """Kill and count; 0 when every result that was taken up is equal and nothing half was taken for whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(COMMANDS)}")
    parser.add_argument("--kills", type=int, default=12, help="of each command")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--inputs", type=Path, help="where what the commands read is kept between calls")
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in COMMANDS]:
        parser.error(f"knows no {unknown[0]}; needs one of {', '.join(COMMANDS)}")
    import_libraries()
    harmed = 0
    with places(args.inputs) as (place, inputs):
        print("command              kills  ended  equal  damaged  stuck  half taken  left over  orphans  missed")
        for name in args.names or COMMANDS:
            started = time.monotonic()
            toll = kill_command(
                COMMANDS[name],
                inputs,
                place / "scratch" / "work",
                args.kills,
                random.Random(f"{args.seed} {name}"),
            )
            print(
                f"{name.ljust(19)}  {toll.kills:5}  {toll.trials:5}  {toll.equal:5}  {toll.damaged:7}  {toll.stuck:5}"
                f"  {toll.taken_half:10}  {toll.left_over:9}  {toll.orphans:7}  {toll.missed:6}"
                f"  ({toll.refused} refused before; {time.monotonic() - started:.0f} s)",
                flush=True,
            )
            for line in dict.fromkeys(toll.told):
                print(f"    {name}: {line}", file=sys.stderr, flush=True)
            harmed += toll.trials - toll.equal + toll.taken_half + toll.orphans
            shutil.rmtree(place / "scratch", ignore_errors=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    return 1 if harmed else 0


def import_libraries() -> None:
    """Load what the commands need, so that the processes forked from here have it; threads may not begin."""
    import lightning_fabric
    import monai.losses
    import monai.metrics
    import nibabel
    import scipy.ndimage
    import SimpleITK
    import sklearn.ensemble
    import torch

    torch.set_num_threads(1)
    _ = (lightning_fabric, monai, nibabel, scipy, SimpleITK, sklearn)


if __name__ == "__main__":
    raise SystemExit(main())
