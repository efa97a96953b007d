"""Methods and metrics that others bring, without a change to brainlab.

Either an installed package names its module as an entry point of the group `brainlab.methods` or `brainlab.metrics`, or
BRAINLAB_METHODS or BRAINLAB_METRICS names Python files (or modules), separated as in PATH.
"""

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from brainlab.errors import InputError


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Import every module of a package, in alphabetical order."""
    names = [info.name for info in pkgutil.iter_modules(package.__path__)]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def named(kind: str) -> str:
    """Return the value of the variable that names modules of a kind, `method` or `metric`."""
    return os.environ.get(variable(kind), "")


def brought(kind: str, words: str, entry: str, holds: Callable[[Any], bool]) -> list[ModuleType]:
    """Import the modules that installed packages bring, and those that `words`, the value of `named`, names.

    entry: the name in each module of what it brings. holds: says whether that is of the right type.
    Raises InputError where a module cannot be imported or holds no such entry.
    """
    installed = [point.value for point in sorted(entry_points(group=f"brainlab.{kind}s"))]
    modules = []
    for word in (*installed, *filter(None, words.split(os.pathsep))):
        try:
            module = _from_file(kind, Path(word)) if word.endswith(".py") else importlib.import_module(word)
        except Exception as error:  # a file under development can fail in any way
            reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
            raise InputError(
                f"{word}: cannot be imported as a {kind} ({reason}); mend it, or take it out of {variable(kind)}"
            ) from error
        if not holds(getattr(module, entry, None)):
            raise InputError(
                f"{word}: needs an entry named {entry}, got none; add one, or take it out of {variable(kind)}"
            )
        modules.append(module)
    return modules


def absolute(words: str) -> str:
    """Return a value of `named` by which a process in another folder finds the same files."""
    parts = filter(None, words.split(os.pathsep))
    return os.pathsep.join(str(Path(word).absolute()) if word.endswith(".py") else word for word in parts)


def variable(kind: str) -> str:
    """Return the variable that names modules of a kind."""
    return f"BRAINLAB_{kind.upper()}S"


def _from_file(kind: str, path: Path) -> ModuleType:
    name = f"brainlab_{kind}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError("no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
