"""How many files does one process hold open after it has worked with hundreds of studies, one after another?

    python -m benchmarks.reading.open_files [--studies 400]

Each study is created, locked, handed out, answered once by its reader, read by `verify` and left. Target: flat.
"""

import argparse
import secrets
import tempfile
from pathlib import Path

from benchmarks.reading.simulated_readers import SessionDoor, lock_made_up_study
from brainlab.reading.record import integrity


def answer_once(folder: Path, token: str) -> None:
    """Let a reader come as far as the first answer."""
    door = SessionDoor(folder, token)
    view = door.act("enter", takeover=True)
    while view["state"] in ("welcome", "consent"):
        view = door.act("event", kind=f"{view['state']}_{'given' if view['state'] == 'consent' else 'done'}")
    case = view["current"]
    door.act("answer", presentation=case["id"], key=case["answer_key"], value="real", confidence=3, active_ms=900)


def main() -> int:
    """Count; 0 when the last count is no higher than the one after 100 studies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    args = parser.parse_args()
    counts = {0: len(list(Path("/proc/self/fd").iterdir()))}
    with tempfile.TemporaryDirectory(prefix=f"open-files-{secrets.token_hex(2)}-") as workspace:
        for number in range(1, args.studies + 1):
            folder, tokens = lock_made_up_study(Path(workspace), 1, 2)
            answer_once(folder, tokens[0])
            if not integrity.verify(folder).ok:
                raise RuntimeError(f"{folder}: not whole")
            if number in (100, 200, args.studies):
                counts[number] = len(list(Path("/proc/self/fd").iterdir()))
    print("open files after 0, 100, 200, ... studies: " + ", ".join(f"{n}: {count}" for n, count in counts.items()))
    return 0 if counts[args.studies] <= counts[min(100, args.studies)] else 1


if __name__ == "__main__":
    raise SystemExit(main())
