"""The workers of a Dask cluster.

They need the Python and the packages of this machine in the same versions, the same files at the same places, and do
one task at a time each (`--nthreads 1`): libraries that read scans, and the networks' settings, are shared by the
threads of a process. What is not so ends the command with a line that says it, also of workers that come later.
"""

import contextlib
import hashlib
import os
import pickle
import pkgutil
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from brainlab.errors import BrainlabError, InputError
from brainlab.plugins import absolute, named, variable
from brainlab.workers.engine import TaskDiedError
from brainlab.workspace import workspace

PACKAGES = ("brainlab", "numpy", "scipy", "torch", "SimpleITK", "nibabel", "nilearn", "pandas", "scikit-learn")
"""What results may depend on, beside brainlab's own code."""
CODE = "brainlab's code"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Paths that one of these packs cannot be read by each of the others."""
ENCRYPTED = ("tls", "wss")
CONNECTING_S = 10.0
NO_WORKER_S = 60.0
"""How long a cluster may be without any worker, such as while they start."""
LOOK_S = 5.0
"""How often to see whether anybody works, while a task is waited for."""
COUNT_S = 2.0
"""How often workers are counted, some of which may come later."""
AHEAD = 8
"""Tasks a worker that are handed over before the first is waited for."""
INSTALL = "pip install 'brainlab[cluster]'"
START = "start some with 'dask worker {} --nthreads 1', where brainlab is installed"


class Cluster:
    """A Dask cluster by the address of its scheduler. Raises InputError where none answers, or it has no worker."""

    def __init__(self, address: str, shared: Sequence[Path] = ()) -> None:
        try:
            import distributed  # an optional package, only for clusters
            from distributed.comm.core import CommClosedError
            from distributed.protocol.pickle import dumps
        except ImportError as error:
            raise InputError(f"--scheduler: needs the package distributed; install it with {INSTALL}") from error
        self._dask, self._address = distributed, address
        self._lost = (distributed.CancelledError, CommClosedError)
        self._packed = dumps
        self._wanted = _Wanted(versions(), tuple(map(str, shared)), _environment())
        _refuse_address(address)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other versions, which tasks look at more closely
                self._client = distributed.Client(address, timeout=CONNECTING_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"--scheduler {address}: no Dask scheduler answers there ({reason})") from error
        self._seen, self._counted, self._places = time.monotonic(), 0.0, 1
        self._handles: set[Any] = set()
        try:
            while not self._workers():
                self._look()
                time.sleep(0.2)
        except BaseException:
            self.close()
            raise

    @property
    def ahead(self) -> int:
        if time.monotonic() - self._counted > COUNT_S:  # to ask takes as long as to hand over a task
            self._places, self._counted = len(self._workers()), time.monotonic()
        return AHEAD * max(1, self._places)

    def submit(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        # As bytes, which the scheduler need not open, and of which a worker that lacks brainlab does not die.
        packed = self._packed(_Task(self._packed((function, task)), self._wanted))
        handle = self._client.submit(pickle.loads, packed, pure=False)
        self._handles.add(handle)
        return handle

    def result(self, handle: Any) -> Any:
        while True:
            try:
                found = handle.result(timeout=LOOK_S)
            except self._dask.TimeoutError:
                if handle.done():  # the task's own
                    raise
                self._look()
            except self._dask.scheduler.KilledWorker as error:
                raise TaskDiedError(
                    f"--scheduler {self._address}: {error.allowed_failures + 1} workers died, one after the other, of "
                    "one task, perhaps for want of memory; give them more"
                ) from error
            except self._lost as error:
                raise self._gone() from error
            except BrainlabError:
                raise
            except Exception as error:  # of a worker that lacks brainlab, of any kind
                self._refuse_without_brainlab(error)
                raise
            else:
                self._handles.discard(handle)
                self._seen = time.monotonic()
                return found

    def settle(self, handles: Sequence[Any]) -> None:
        while handles:
            with contextlib.suppress(self._dask.TimeoutError), self._client.as_current():
                self._dask.wait(handles, timeout=LOOK_S)
                return
            self._look()

    def close(self) -> None:
        with contextlib.suppress(Exception):  # of a scheduler that is gone
            self._client.cancel(list(self._handles))
        self._handles.clear()
        self._client.close(timeout=CONNECTING_S)

    def _workers(self) -> dict[str, Any]:
        try:
            workers: dict[str, Any] = self._client.nthreads()
        except (OSError, TimeoutError) as error:
            raise self._gone() from error
        return workers

    def _refuse_without_brainlab(self, cause: Exception) -> None:
        """Raise InputError where a worker cannot import what does tasks."""
        # Of a function that all Pythons have, as are its argument and what it returns.
        try:
            found = self._client.run(pkgutil.resolve_name, f"{__name__}:{_do.__name__}.__name__", on_error="return")
        except (OSError, TimeoutError) as error:
            raise self._gone() from error
        for address, said in found.items():
            if isinstance(said, Exception) and not isinstance(said, OSError):  # that is of one that left meanwhile
                none = isinstance(said, ModuleNotFoundError) and said.name == "brainlab"
                has = "has no brainlab" if none else f"cannot import brainlab ({' '.join(str(said).split())})"
                version_here = self._wanted.versions.get("brainlab", "the same version")
                raise InputError(
                    f"--scheduler: worker {address} {has}; install {version_here} there, with Python {PYTHON}"
                ) from cause

    def _look(self) -> None:
        """Raise InputError where nobody has been there to work for long."""
        if self._workers():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > NO_WORKER_S:
            raise BrainlabError(
                f"--scheduler {self._address}: has had no worker for {NO_WORKER_S:.0f} s; "
                + START.format(self._address)
            )

    def _gone(self) -> BrainlabError:
        return BrainlabError(f"--scheduler {self._address}: the scheduler is gone; start it, and run again")


def _refuse_address(address: str) -> None:
    """Raise InputError where an address is none of a scheduler's.

    A client that fails for its address rather than its scheduler cannot be closed, and waits 20 s before it goes.
    """
    from distributed import Security
    from distributed.comm.addressing import get_address_host_port, parse_address

    try:
        get_address_host_port(address)
    except ValueError as error:
        raise InputError(f"--scheduler '{address}': needs an address such as tcp://HOST:8786 ({error})") from error
    if parse_address(address)[0] in ENCRYPTED and Security().get_connection_args("client")["ssl_context"] is None:
        raise InputError(f"--scheduler {address}: needs the certificates that Dask's configuration names, got none")


@cache
def versions() -> dict[str, str]:
    """Return the versions of what results may depend on, as far as it is installed, and what brainlab's code is."""
    found = {"Python": PYTHON}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return {**found, CODE: _code()}


def _code() -> str:
    """Return a hash of brainlab's own modules: of two checkouts of one version either may be changed."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def _environment() -> dict[str, str]:
    """Return the variables by which a worker finds what this process would find."""
    others = {variable(kind): absolute(named(kind)) for kind in ("method", "metric")}
    return {"BRAINLAB_WORKSPACE": str(workspace()), **others}


@dataclass(frozen=True)
class _Wanted:
    """What a worker must have. shared: files that it must see. environment: which workspace and methods it uses."""

    versions: Mapping[str, str]
    shared: tuple[str, ...]
    environment: Mapping[str, str]

    def refuse(self, address: str, tasks_at_once: int) -> None:
        """Raise InputError where this process lacks something."""
        who = f"--scheduler: worker {address}"
        for name, here in self.versions.items():
            if (found := versions().get(name)) != here:
                has = f"{name} {found}" if found else f"no {name}"
                raise InputError(f"{who} has {has}, needs {here} as here; install the same there")
        for path in self.shared:
            if not Path(path).exists():
                raise InputError(f"{who} does not see {path}; it needs the same files at the same places")
        if tasks_at_once != 1:
            raise InputError(
                f"{who} does {tasks_at_once} tasks at a time, needs 1; start it with --nthreads 1, and several of them "
                "with --nworkers"
            )


@dataclass(frozen=True)
class _Task:
    """A task that is done where it is unpacked."""

    packed: bytes
    wanted: _Wanted

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _do, (self.packed, self.wanted)


def _do(packed: bytes, wanted: _Wanted) -> Any:
    """Do a task on a worker, or say why its result could not be that of the machine that asks."""
    from distributed import get_worker
    from distributed.protocol.pickle import loads

    worker = get_worker()
    wanted.refuse(worker.address, worker.state.nthreads)
    os.environ.update(wanted.environment)
    function, task = loads(packed)
    return function(*task)
