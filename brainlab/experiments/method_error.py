"""What is said of a method that does not hold what every method must."""

from brainlab.errors import BrainlabError


class MethodError(BrainlabError):
    """A method does not hold what every method must."""


def require(holds: bool, name: str, what: str) -> None:
    """Raise MethodError, in one line, where something does not hold of the method of a name."""
    if not holds:
        raise MethodError(f"{name}: {what}")
