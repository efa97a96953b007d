import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from brainlab.training.freed_memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators decide for themselves")
def test_a_block_that_was_freed_is_not_asked_for_again():
    # Where the whole test run keeps its memory, this must not.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    faults = {}
    for how in ("kept", "handed back"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, how], capture_output=True, encoding="utf-8", check=True, env=clean
        )
        faults[how] = int(done.stdout)
    # 10 blocks of 64 MB: 15,625 pages of 4 kB each, or 31 of 2 MB.
    assert faults["kept"] < 20 < faults["handed back"]


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    from brainlab.training.freed_memory import keep_freed_memory

    keep_freed_memory()
