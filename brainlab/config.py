"""Configurations: frozen dataclasses that are constructor arguments, command-line flags and checkpoint headers."""

import argparse
import dataclasses
import types
import typing
from typing import Any, TypeVar

from brainlab.errors import InputError

C = TypeVar("C")


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain JSON values, with the name of its class under `type`."""
    return {"type": type(config).__name__, **dataclasses.asdict(config)}


def from_dict(kind: type[C], values: dict[str, Any]) -> C:
    """Build a config from `to_dict` values; lists become the tuples that the fields declare.

    Raises InputError on a name that the config does not have, so that a file of another version is never half-read.
    """
    values = {name: value for name, value in values.items() if name != "type"}
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise InputError(f"{kind.__name__}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def add_flags(parser: argparse._ActionsContainer, kind: type[Any]) -> None:
    """Add one flag for every plain field (int, float, str, bool, or one of them or None) of a config to a parser."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        plain = [hint for hint in _members(hints[field.name]) if hint in (int, float, str, bool)]
        if not plain:
            continue
        flag = f"--{field.name.replace('_', '-')}"
        if plain[0] is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None)
        else:
            parser.add_argument(flag, type=plain[0], default=None, metavar=plain[0].__name__.upper())


def apply_flags(config: C, args: argparse.Namespace) -> C:
    """Return the config with every flag that the user gave put in place of the preset's value."""
    given = {
        field.name: getattr(args, field.name)
        for field in dataclasses.fields(config)  # type: ignore[arg-type]
        if getattr(args, field.name, None) is not None
    }
    return dataclasses.replace(config, **given)  # type: ignore[type-var]


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
