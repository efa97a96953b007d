"""What carries tasks to other processes and brings back what they make of them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from brainlab.errors import BrainlabError


class TaskDiedError(BrainlabError):
    """The process that did a task died, and so did others that tried again."""


class Engine(Protocol):
    """Other processes that do tasks."""

    @property
    def ahead(self) -> int:
        """How many tasks to hand over before the first is waited for, so that a slow one keeps nobody idle."""
        ...

    def submit(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        """Hand over a task; returns its handle."""
        ...

    def result(self, handle: Any) -> Any:
        """Wait for a task that was handed over. Raises what it raises, `TaskDiedError`, or BrainlabError."""
        ...

    def settle(self, handles: Sequence[Any]) -> None:
        """Wait until none of them is being done, however they ended."""
        ...

    def close(self) -> None:
        """Drop what is not done, and end."""
        ...
