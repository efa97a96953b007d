"""CPU seconds until the quick commands have answered.

    python -m benchmarks.start_up [--repeats 3] [STUDY]

STUDY is the id of a locked study of the workspace, for `study status` and `study verify`. Prints for each command the
least of its times (user and system, so that other work on the machine hardly matters) beside its target.
"""

import argparse
import resource
import subprocess
import sys

TARGETS_S = {
    "--help": 0.6,
    "study --help": 0.6,
    "study status STUDY": 0.6,
    "study verify STUDY": 0.6,
    "simulate --help": 1.5,
    "prepare --help": 1.5,
    "train --help": 1.5,
    "lda --help": 1.5,
    "evaluate --help": 1.5,
}


def cpu_seconds(words: list[str]) -> float:
    """Return the CPU time of one command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "brainlab", *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", metavar="STUDY", help="id of a locked study")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    for command, target in TARGETS_S.items():
        if "STUDY" in command and args.study is None:
            continue
        words = command.replace("STUDY", args.study or "").split()
        least = min(cpu_seconds(words) for _ in range(args.repeats))
        print(f"{command:20} {least:5.2f} s  (target {target} s){'' if least <= target else ' *'}")


if __name__ == "__main__":
    main()
