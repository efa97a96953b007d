"""A command in a process of its own, which a test may kill at a moment, or before an act on files, of its choice.

The process is forked from one that has the libraries in memory, so that a kill meets the command at its work and not
while it imports. It leads a process group, with which its workers are killed.
"""

import contextlib
import multiprocessing
import os
import re
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ACTS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod")
"""Audit events (PEP 578) of acts that change a folder; files that are opened for writing count, too."""
LIMIT_S = 900
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class When:
    """When to kill: after so much CPU time of the process, in s, or just before its so manieth act on files.

    leader: the first process alone, as the kernel's out-of-memory killer does, and not its workers.
    """

    cpu_s: float | None = None
    act: int | None = None
    leader: bool = False


@dataclass
class Ended:
    """How a command ended. code: exit code, minus the signal where it was killed. acts: on files, in `counted` runs."""

    code: int
    out: str
    err: str
    wall_s: float
    cpu_s: float
    acts: int = 0
    left: list[int] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def one_line(self) -> bool:
        """Whether it said what is wrong on a line of its own, without a traceback."""
        errors = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return len(errors) == 1 and "Traceback" not in self.err


def run(
    words: Sequence[str],
    folder: Path,
    when: When | None = None,
    *,
    limits: Callable[[], None] | None = None,
    limit_s: float = LIMIT_S,
) -> Ended:
    """Run `brainlab` with these words in a folder, to its end or until it is killed.

    limits: called in the process before it begins, such as to drop its rights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as told:
        return _run(list(words), folder, Path(told), when, limits, limit_s)


def _run(
    words: list[str], folder: Path, told: Path, when: When | None, limits: Callable[[], None] | None, limit_s: float
) -> Ended:
    act = when.act if when else None
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_begin, args=(words, folder, told, act, limits))
    started = time.monotonic()
    process.start()
    assert process.pid is not None
    spent = 0.0
    while process.is_alive():
        spent = max(spent, cpu_seconds(process.pid))
        late = time.monotonic() - started > limit_s
        if late or (when and when.cpu_s is not None and spent >= when.cpu_s):
            _kill(process.pid, group=late or not (when and when.leader))
            break
        process.join(0.002)
    process.join()
    code = process.exitcode
    assert code is not None
    out, err = ((told / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
    acts = int((told / "acts").read_text(encoding="utf-8") or 0) if (told / "acts").exists() else 0
    return Ended(code, out, err, time.monotonic() - started, spent, acts, group_members(process.pid))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of its children that ended, in s; 0 where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return sum(map(int, text.rsplit(")", 1)[1].split()[11:15])) / _TICKS


def group_members(pgid: int) -> list[int]:
    """Return the processes of a group that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[:3]
            if int(group) == pgid and state != "Z":
                found.append(int(path.parent.name))
    return found


def end_group(pgid: int) -> None:
    """Kill what is left of a group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pgid, signal.SIGKILL)


def _kill(pid: int, *, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if group:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


def _begin(words: list[str], folder: Path, told: Path, act: int | None, limits: Callable[[], None] | None) -> None:
    os.setsid()
    os.chdir(folder)
    for name, stream in (("out", sys.stdout), ("err", sys.stderr)):
        handle = os.open(told / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, stream.fileno() if stream.fileno() in (1, 2) else {"out": 1, "err": 2}[name])
        os.close(handle)
    if limits:
        limits()
    count = _count_acts(folder, act)
    from brainlab.cli import main

    code = main(words)
    if act is None and limits is None:
        (told / "acts").write_text(str(count[0]), encoding="utf-8")
    if "joblib.externals.loky" in sys.modules:  # a forked process calls nobody at its exit
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def _count_acts(folder: Path, last: int | None) -> list[int]:
    """Count the acts on files in a folder from now on, and kill the group before number `last`."""
    count, inside, me = [0], re.compile(re.escape(str(folder))), os.getpid()

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            flags = args[2]
            changes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not changes:
                return
        elif event not in ACTS:
            return
        path = args[0]
        if not isinstance(path, str | os.PathLike) or os.getpid() != me:
            return
        if not inside.match(os.path.abspath(os.fspath(path))):  # noqa: PTH100  (a Path may not be made in a hook)
            return
        count[0] += 1
        if count[0] == last:
            os.killpg(me, signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def small_files(limit: int) -> Callable[[], None]:
    """Return what lets no file grow beyond so many bytes, for `run`."""

    def set_limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return set_limit
