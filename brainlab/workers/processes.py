"""Processes of this machine that do tasks, and do not outlive the process that started them."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor

from brainlab.errors import BrainlabError

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Each process takes its part of the machine: threads of one more than there are cores wait for each other."""
LOOK_S = 0.5
"""How often a worker sees whether its parent lives."""


class Processes:
    """Processes of this machine, started afresh rather than forked, so that no lock of a thread is copied."""

    def __init__(self, jobs: int) -> None:
        self.ahead = 2 * jobs  # as many as the pool's queue holds: of more it prints an error where it is ended early
        threads = str(max(1, (os.cpu_count() or 1) // jobs))
        env = {name: os.environ.get(name, threads) for name in THREADS}
        self._pool = ProcessPoolExecutor(jobs, initializer=end_with_parent, env=env)

    def submit(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        with _told():
            return self._pool.submit(function, *task)

    def result(self, handle: Any) -> Any:
        with _told():
            return handle.result()

    def settle(self, handles: Sequence[Any]) -> None:
        wait(handles)

    def close(self) -> None:
        self._pool.shutdown(wait=True, kill_workers=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise BrainlabError("a worker process died, perhaps for want of memory; run again with fewer --jobs") from error


def end_with_parent() -> None:
    """Let this worker end when its parent does, however that dies, and leave Ctrl-C to the parent.

    Pools wait for work forever when their parent was killed, and hold what it had locked.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        # Not by joining the parent: the pool's other processes hold open what would tell of its end.
        while parent is None or os.getppid() == parent.pid:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
