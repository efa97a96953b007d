"""Widgets for all settings of a config, made from the types of its fields as its flags are."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, TypeVar

import streamlit as st

from brainlab.config import Setting, check_ranges, settings_of_fields
from brainlab.errors import InputError
from brainlab.ranges import flag

C = TypeVar("C")

COLUMNS = 4
NEARLY_0 = 1e-9


def widgets(preset: C, key: str, skip: Sequence[str] = ()) -> C:
    """Show a widget for each setting, with the preset's value in it; return the config that they say.

    skip: settings that are asked for elsewhere. Raises InputError on a value out of its range.
    """
    asked = [setting for setting in settings_of_fields(type(preset)) if setting.name not in skip]
    values: dict[str, Any] = {}
    for number, setting in enumerate(asked):
        if number % COLUMNS == 0:
            columns = st.columns(COLUMNS, vertical_alignment="bottom")
        with columns[number % COLUMNS]:
            values[setting.name] = _widget(setting, getattr(preset, setting.name), f"{key}-{setting.name}")
    config = dataclasses.replace(preset, **values)  # type: ignore[type-var]
    check_ranges(config)
    return config


def changes(preset: Any, config: Any) -> list[str]:
    """Say which settings are not the preset's: `latent_dim 8 → 16`."""
    return [
        f"{name} {in_words(getattr(preset, name))} → {in_words(value)}"
        for name, value in vars(config).items()
        if value != getattr(preset, name)
    ]


def in_words(value: Any) -> str:
    """Return a setting's value as the page writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def bounds(setting: Setting) -> tuple[float | None, float | None]:
    """Return the least and greatest value that a widget takes; the range itself is checked after."""
    if setting.allowed is None:
        return None, None
    holds = setting.allowed.holds
    low = None if holds(-1) else 0 if setting.kind is float or holds(0) else 1 if holds(1) else 2
    return low, None if holds(1 + NEARLY_0) or holds(2) or holds(3) else 1


def _widget(setting: Setting, value: Any, key: str) -> Any:
    name = setting.name
    told = [setting.explanation] if setting.explanation else []
    told += [f"Needs {setting.allowed.words}."] if setting.allowed else []
    options: dict[str, Any] = {"key": key, "help": "  \n".join([*told, f"Preset: {in_words(value)}."])}
    if setting.kind is bool:
        return st.toggle(name, value, **options)
    if setting.choices:
        return st.selectbox(name, setting.choices, index=setting.choices.index(value), **options)
    if setting.several:
        return _parsed(setting, st.text_input(name, in_words(value), **options))
    if setting.kind is str:
        return st.text_input(name, value, **options) or value
    low, high = (bound if bound is None else setting.kind(bound) for bound in bounds(setting))
    if setting.kind is float:
        options |= {"format": "%g", "step": _step(value)}
    number = st.number_input(name, low, high, value, placeholder="none", **options)
    if number is None:  # an emptied field
        return None if setting.optional else value
    return setting.kind(number)


def _parsed(setting: Setting, text: str) -> tuple[Any, ...]:
    """Return the items of a text of several, separated by spaces or commas."""
    try:
        values = tuple(setting.kind(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        kind = "whole numbers" if setting.kind is int else "numbers"
        raise InputError(f"{flag(setting.name)}: needs {kind} separated by spaces, got '{text}'") from error
    if not values and setting.kind is not str:
        raise InputError(f"{flag(setting.name)}: needs one value or more, got none")
    return values


def _step(value: float | None) -> float:
    """Return a tenth of the leading digit's unit."""
    return 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 0.01
