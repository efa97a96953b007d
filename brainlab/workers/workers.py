"""Run the tasks of a long command here, in processes of this machine, or on the workers of a Dask cluster."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from brainlab.errors import BrainlabError, InputError
from brainlab.workers.engine import Engine, TaskDiedError

T = TypeVar("T")


@dataclass(frozen=True)
class Workers:
    """Who does the tasks.

    jobs: processes of this machine; 1 is this process itself. scheduler: address of a Dask scheduler, whose workers do
    them instead; they need the same packages, and the same files at the same places.
    Raises InputError where both are given, or there are fewer jobs than one.
    """

    jobs: int = 1
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise InputError(f"--jobs: needs at least 1, got {self.jobs}")
        if self.jobs > 1 and self.scheduler is not None:
            raise InputError(f"--jobs {self.jobs}: the workers of --scheduler do the work; give one of the two")

    @property
    def elsewhere(self) -> bool:
        """Whether other processes do the tasks, so that these have to be handed over."""
        return self.jobs > 1 or self.scheduler is not None

    def map(
        self,
        function: Callable[..., T],
        tasks: Iterable[tuple[Any, ...]],
        *,
        shared: Sequence[Path] = (),
        kept: str = "",
        died: Callable[..., T] | None = None,
    ) -> Iterator[T]:
        """Yield what a function makes of each task, in their order, however many do them.

        function: of a module, so that another process finds it. tasks: its arguments, taken a few at a time, with
        absolute paths. shared: files that every worker must see. kept: what is there after a failure, for its error.
        died: makes the result of a task that one worker of a cluster after the other died of, from its arguments;
        without it such a task ends all.
        Raises what the function raises; InputError where the cluster cannot be used; BrainlabError where a process of
        this machine died, or the cluster did.
        """
        if not self.elsewhere:
            yield from (function(*task) for task in tasks)
            return
        with closing(self._engine(shared)) as engine:
            waiting: deque[tuple[tuple[Any, ...], Any]] = deque()

            def result() -> T:
                task, handle = waiting.popleft()
                try:
                    return cast(T, engine.result(handle))
                except TaskDiedError:
                    if died is None:
                        raise
                # Tasks that waited on the same workers are blamed, too: alone it shows which it was.
                engine.settle([other for _, other in waiting])
                try:
                    return cast(T, engine.result(engine.submit(function, task)))
                except TaskDiedError:
                    return died(*task)

            try:
                for task in tasks:
                    waiting.append((task, engine.submit(function, task)))
                    if len(waiting) >= engine.ahead:
                        yield result()
                while waiting:
                    yield result()
            except InputError:
                raise
            except BrainlabError as error:
                raise BrainlabError(f"{error} ({kept})" if kept else str(error)) from error

    def _engine(self, shared: Sequence[Path]) -> Engine:
        if self.scheduler is not None:
            from brainlab.workers.cluster import Cluster  # needs an optional package

            return Cluster(self.scheduler, shared)
        from brainlab.workers.processes import Processes

        return Processes(self.jobs)


HERE = Workers()
"""This process itself."""
