"""What workers of the tests do."""

import os
import time
from pathlib import Path


def double(number: int) -> int:
    time.sleep(0.02 * (number % 3))
    return 2 * number


def refuse(number: int) -> int:
    raise ValueError(f"{number} is refused")


def die(*_: object) -> None:
    os._exit(9)


def die_once(mark: Path, number: int) -> int:
    """Kill the worker of the third task, the first time that it is done."""
    if number == 3 and not mark.exists():
        mark.touch()
        os._exit(9)
    time.sleep(0.05)
    return number


def process(_: int) -> int:
    time.sleep(0.05)  # or one worker may be done with all of them before the other begins
    return os.getpid()
