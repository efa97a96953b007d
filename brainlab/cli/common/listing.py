"""What a command that takes names prints where none is given: one line for each that there is."""

import argparse
from collections.abc import Mapping, Sequence

from brainlab.errors import InputError
from brainlab.ranges import flag


def listed(known: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return a line for each name: its title and, in brackets, its source."""
    return [f"{name}: {entry['title']} ({entry['source']})" for name, entry in known.items()]


def refuse_without_name(args: argparse.Namespace, command: str, flags: Sequence[str]) -> None:
    """Raise InputError where one of these flags was given, which say how what is named is to be made."""
    for name in flags:
        if getattr(args, name):
            raise InputError(f"{flag(name)}: needs a name of what to make, got none; 'brainlab {command}' lists them")
