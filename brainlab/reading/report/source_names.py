"""Sources as a reader of the report knows them: a folder's own name, and not the way to it on somebody's machine."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return what each path among the names of sources is called: its last part, or as many as tell it from others."""
    parts = {name: _parts(name) for name in names}
    return {
        name: next(
            (
                "/".join(own[-depth:])
                for depth in range(1, len(own))
                if not any(other[-depth:] == own[-depth:] for title, other in parts.items() if title != name)
            ),
            name,
        )
        for name, own in parts.items()
        if len(own) > 1
    }


def with_short_names(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report in which paths of sources have their short names, in keys and in sentences alike."""
    short = short_names(report["sources"])
    if not short:
        return report
    ways = re.compile("|".join(re.escape(name) for name in sorted(short, key=len, reverse=True)))

    def shortened(value: Any) -> Any:
        if isinstance(value, str):
            return ways.sub(lambda found: short[found.group()], value)
        if isinstance(value, dict):
            return {shortened(key): shortened(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [shortened(part) for part in value]
        return value

    return {key: shortened(part) for key, part in report.items()}


def _parts(name: str) -> tuple[str, ...]:
    return (PureWindowsPath if "\\" in name else PurePosixPath)(name).parts
