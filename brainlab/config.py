"""Configurations: frozen dataclasses that are constructor arguments, command-line flags and checkpoint headers."""

import argparse
import dataclasses
import inspect
import math
import re
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from brainlab.errors import InputError
from brainlab.ranges import Range, flag, refuse_outside

C = TypeVar("C")

NONE = "none"
"""The word by which a flag says None, of settings that may be."""


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain JSON values, with the name of its class under `type`."""
    return {"type": type(config).__name__, **dataclasses.asdict(config)}


def from_dict(kind: type[C], values: dict[str, Any]) -> C:
    """Build a config from `to_dict` values; lists become the tuples that the fields declare.

    Raises InputError on a name that the config does not have, so that a file of another version is never half-read, on
    one that it needs and is not given, and on a value of another type than its field declares: `"8"` is no number, and
    true is none either.
    """
    values = {name: value for name, value in values.items() if name != "type"}
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise InputError(f"{kind.__name__}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    needed = [field.name for field in dataclasses.fields(kind) if _has_no_default(field)]  # type: ignore[arg-type]
    if lacking := [name for name in needed if name not in values]:
        raise InputError(f"{kind.__name__}: needs {', '.join(lacking)}")
    hints = typing.get_type_hints(kind)
    return kind(**{name: _typed(value, hints[name], f"{kind.__name__}: {name}") for name, value in values.items()})


def _has_no_default(field: "dataclasses.Field[Any]") -> bool:
    return field.init and field.default is field.default_factory is dataclasses.MISSING


def check_ranges(config: Any) -> None:
    """Raise InputError, naming its flag, on the first setting that is out of the range that its type declares.

    Configs within it, in a tuple, are checked too.
    """
    for name, hint in typing.get_type_hints(type(config), include_extras=True).items():
        value = getattr(config, name)
        for part in value if isinstance(value, tuple) else ():
            if dataclasses.is_dataclass(part):
                check_ranges(part)
        for mark in typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ():
            if isinstance(mark, Range):
                refuse_outside(mark, name, value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """How one field of a config is asked for, by a flag or by a widget.

    kind: bool, int, float or str; of each item, where there are `several`.  optional: whether None is a value.
    allowed: its range.  explanation: what the docstring of the config says of it, on one line.
    """

    name: str
    kind: type
    choices: tuple[Any, ...] = ()
    several: bool = False
    optional: bool = False
    allowed: Range | None = None
    explanation: str = ""


def settings_of_fields(kind: type[Any]) -> tuple[Setting, ...]:
    """Return each field of a config that can be asked for: numbers, words, yes or no, choices, and tuples of these."""
    hints, said = typing.get_type_hints(kind, include_extras=True), _explanations(kind)
    found = (_setting(field.name, hints[field.name], said.get(field.name, "")) for field in dataclasses.fields(kind))
    return tuple(setting for setting in found if setting is not None)


def _setting(name: str, hint: Any, explanation: str) -> Setting | None:
    hint, allowed = _bare(hint)
    members = _members(hint)
    common: dict[str, Any] = {"name": name, "optional": type(None) in members, "explanation": explanation}
    for member in members:
        origin, inner = typing.get_origin(member), typing.get_args(member)
        if member in (bool, int, float, str):
            return Setting(kind=member, allowed=allowed, **common)
        if origin is typing.Literal:
            return Setting(kind=type(inner[0]), choices=inner, **common)
        item, each = _bare(inner[0]) if origin is tuple else (None, None)
        if item in (int, float, str):
            return Setting(kind=item, several=True, allowed=allowed or each, **common)
    return None


def _bare(hint: Any) -> tuple[Any, Range | None]:
    """Return a type without its annotations, and the range among these."""
    if typing.get_origin(hint) is not typing.Annotated:
        return hint, None
    inner, *marks = typing.get_args(hint)
    return inner, next((mark for mark in marks if isinstance(mark, Range)), None)


def _explanations(kind: type[Any]) -> dict[str, str]:
    """Return what the docstrings of a config and of those it builds on say of fields: `name: text`, `a, b: text`."""
    found: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        names = getattr(part, "__annotations__", {})
        for paragraph in inspect.cleandoc(part.__doc__ or "").split("\n\n") if names else ():
            last: list[str] = []
            for line in re.split(r"\n|  (?=\w+: )", paragraph):  # short ones stand two on a line
                told, colon, text = line.strip().partition(": ")
                begun = told.split(", ") if colon and names.keys() >= set(told.split(", ")) else []
                for name in begun or last:
                    found[name] = text if begun else f"{found[name]} {line.strip()}"
                last = begun or last
    return found


def add_flags(parser: argparse._ActionsContainer, kind: type[Any]) -> None:
    """Add a flag for each setting of a config to a parser."""
    for setting in settings_of_fields(kind):
        parser.add_argument(flag(setting.name), default=None, **_flag_options(setting))


def _flag_options(setting: Setting) -> dict[str, Any]:
    """Return what argparse needs for a setting."""
    if setting.kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if setting.choices:
        return {"type": setting.kind, "choices": setting.choices}
    metavar = setting.kind.__name__.upper()
    if setting.optional and not setting.several:
        return {"type": _number_or_none(setting.kind), "metavar": f"{metavar}|{NONE}"}
    options: dict[str, Any] = {"type": setting.kind, "metavar": metavar}
    # Of several words there may be none, where a field says no number of them; numbers are sizes.
    several = "*" if setting.kind is str else "+"
    return options | ({"nargs": several} if setting.several else {})


def _number_or_none(kind: type) -> Callable[[str], Any]:
    """Return how a flag's word is read that may also be `none`, which stays a word: None is a flag not given."""

    def read(word: str) -> Any:
        return NONE if word.lower() == NONE else kind(word)

    read.__name__ = kind.__name__  # argparse names it where the word is neither
    return read


def apply_flags(config: C, args: argparse.Namespace) -> C:
    """Return the config with every flag that the user gave put in place of the preset's value.

    Raises InputError where a tuple has another length than its field declares.
    """
    hints = typing.get_type_hints(type(config))
    optional = {setting.name for setting in settings_of_fields(type(config)) if setting.optional}
    given = {}
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        value = getattr(args, field.name, None)
        if value is not None:
            value = None if value == NONE and field.name in optional else value
            given[field.name] = _typed(value, hints[field.name], flag(field.name))
    return dataclasses.replace(config, **given)  # type: ignore[type-var]


def changed_flags(before: Any, after: Any) -> list[str]:
    """Return the flags that make one config another of its class: what `apply_flags` reads.

    Raises InputError on a word that would be taken for a flag.
    """
    words: list[str] = []
    for setting in settings_of_fields(type(after)):
        name, value = setting.name, getattr(after, setting.name)
        if value == getattr(before, name):
            continue
        if value is None:
            words += [flag(name), NONE]
            continue
        if isinstance(value, bool):
            words.append(flag(name) if value else flag(f"no_{name}"))
            continue
        parts = value if isinstance(value, tuple) else (value,)
        if any(isinstance(part, str) and part.startswith("-") for part in parts):
            raise InputError(f"{flag(name)}: needs a value that does not begin with -, got {value}; choose another")
        words += [flag(name), *map(str, parts)]
    return words


_WORDS = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a text", type(None): "null"}


def _typed(value: Any, hint: Any, name: str) -> Any:
    """Return a JSON value as its field holds it, lists as tuples, objects in them as the configs they are of.

    Raises InputError where it is of another type.
    """
    value = tuple(value) if isinstance(value, list) else value
    item = next(iter(typing.get_args(hint)), None)
    if isinstance(value, tuple) and isinstance(item, type) and dataclasses.is_dataclass(item):
        value = tuple(from_dict(item, part) if isinstance(part, dict) else part for part in value)
    if not any(_fits(value, member) for member in _members(hint)):
        needed = " or ".join(_in_words(member) for member in _members(hint))
        raise InputError(f"{name}: needs {needed}, got {value!r}")
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a plain type, of one of some words, or a tuple of these; other types are let through."""
    if hint in (bool, int, str, type(None)) or dataclasses.is_dataclass(hint):
        return type(value) is hint
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return value in inner
    if origin is not tuple:
        return True
    if not isinstance(value, tuple):
        return False
    if inner[-1] is Ellipsis:
        return all(_fits(item, inner[0]) for item in value)
    return len(value) == len(inner) and all(map(_fits, value, inner))


def _in_words(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ", ".join(map(str, inner))
    if origin is tuple:
        count = "" if inner[-1] is Ellipsis else f"{len(inner)} times "
        return f"a list, {count}{_in_words(inner[0])}"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
