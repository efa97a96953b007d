"""Which methods and presets there are: those of brainlab, and those that others bring.

A method of one's own needs no change here, see `brainlab.plugins`. Each module holds one `METHOD`
(`brainlab.methods.method.Method`).
"""

from functools import cache
from types import ModuleType
from typing import Any

import brainlab.generators
import brainlab.translation
from brainlab.cohort.recipes import RECIPES
from brainlab.config import check_ranges, from_dict
from brainlab.errors import InputError
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.plugins import brought, modules_of, named

VARIABLE = "BRAINLAB_METHODS"


class UnknownMethodError(InputError):
    """A run is of a method that is not here."""


def methods() -> dict[str, Method[Any]]:
    """Return every method by name. Raises InputError where one that others bring cannot be used."""
    return _methods(named("method"))


PAPERS = ("FLAIR IntroVAE", "DWI comparison", "IXI thesis", "Wei's thesis")
"""What the `source` of a preset begins with, in the order in which presets are listed; all others follow."""


def presets() -> dict[str, Preset[Any]]:
    """Return every preset by name, paper by paper, and of a paper in the order of the methods."""
    found = {name: preset for method in methods().values() for name, preset in method.presets.items()}
    return dict(sorted(found.items(), key=lambda entry: _paper(entry[1])))


def _paper(preset: Preset[Any]) -> int:
    return next((place for place, paper in enumerate(PAPERS) if preset.source.startswith(paper)), len(PAPERS))


def find_preset(name: str) -> tuple[Method[Any], Preset[Any]]:
    """Return a preset with its method. Raises InputError on a name that is not one."""
    for method in methods().values():
        if name in method.presets:
            return method, method.presets[name]
    raise InputError(f"{name}: no such preset; choose from {', '.join(presets())}")


def method_of_settings(settings: dict[str, Any]) -> Method[Any]:
    """Return the method that a run's `config.json` names; older ones name the class of their config alone."""
    known = methods()
    name, kind = settings.get("method"), settings["config"].get("type")
    for method in known.values():
        if name == method.name or (name is None and kind == method.config.__name__):
            return method
    raise UnknownMethodError(
        f"method: needs one of {', '.join(known)}, got {name or kind!r}; set {VARIABLE} to the file of its method"
    )


def config_of_settings(settings: dict[str, Any], method: Method[Any]) -> tuple[Any, Schedule]:
    """Rebuild the config and the schedule of a run's `config.json`; older ones hold both in one.

    Raises InputError on a setting that is unknown, of another type or out of range.
    """
    own, schedule = dict(settings["config"]), settings.get("schedule")
    if schedule is None:
        schedule = {name: own.pop(name) for name in vars(Schedule()) if name in own}
    config, kept = from_dict(method.config, own), from_dict(Schedule, schedule)
    check_ranges(config)
    check_ranges(kept)
    return config, kept


@cache
def _methods(others: str) -> dict[str, Method[Any]]:
    found: dict[str, Method[Any]] = {}
    for module in (*_own(), *brought("method", others, "METHOD", lambda entry: isinstance(entry, Method))):
        method = module.METHOD
        taken = [name for other in found.values() for name in other.presets if name in method.presets]
        if method.name in found or taken:
            raise InputError(
                f"{module.__file__}: needs names of its own, got {', '.join(taken) or method.name}, which are taken"
            )
        for name, preset in method.presets.items():
            if preset.recipe not in (None, *RECIPES):
                raise InputError(
                    f"{module.__file__}: {name}: needs one of the recipes {', '.join(RECIPES)}, got {preset.recipe!r}; "
                    "leave recipe out where any will do"
                )
        found[method.name] = method
    return found


def _own() -> list[ModuleType]:
    # A method that builds on another comes after it: the VAE before the IntroVAE.
    found = [module for package in (brainlab.generators, brainlab.translation) for module in modules_of(package)]
    return sorted(
        (module for module in found if hasattr(module, "METHOD")),
        key=lambda module: (len(module.METHOD.config.__mro__), module.__name__),
    )
