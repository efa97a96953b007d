"""Workers end with the process that started them."""

import os
import subprocess
import sys
import time

POOL = """
import os, sys, time
from brainlab.workers.processes import Processes
pool = Processes(1)
print(pool.result(pool.submit(os.getpid, ())), flush=True)
time.sleep(60)
"""


def test_a_worker_ends_when_its_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", POOL], stdout=subprocess.PIPE, encoding="utf-8")
    worker = int(parent.stdout.readline())
    os.kill(worker, 0)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("the worker lives on")
