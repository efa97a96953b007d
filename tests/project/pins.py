"""All packages that requirements.txt brings, with the versions that are installed: what constraints.txt holds.

python -m tests.project.pins > constraints.txt
"""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
HEAD = "# Made by `python -m tests.project.pins`: what requirements.txt brings, with all that it needs in turn.\n"


def requirements() -> list[Requirement]:
    """The packages that requirements.txt names, without the project itself."""
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if re.match(r"\w", line)]


def closure() -> dict[str, str]:
    """Return {package: version installed} of all that are needed, directly or not."""
    found: dict[str, str] = {}
    waiting = [(wanted, extra) for wanted in requirements() for extra in ("", *wanted.extras)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted, extra = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another system, or not installed yet
        found[name] = package.version.partition("+")[0]
        for needed in map(Requirement, package.requires or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed, part) for part in ("", *needed.extras)]
    found.pop("pip", None)  # which installs the others
    return dict(sorted(found.items()))


if __name__ == "__main__":
    print(HEAD + "\n".join(f"{name}=={version}" for name, version in closure().items()))
