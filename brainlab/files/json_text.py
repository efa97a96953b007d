"""JSON that somebody else wrote."""

import json
from collections.abc import Callable
from typing import Any


def parse_json(text: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Return the value of a JSON text; `parse_constant` as of `json.loads`.

    Raises ValueError for whatever is none, also for what is nested deeper than Python goes, of which `json.loads`
    raises RecursionError: three kilobytes of `[` are enough.
    """
    try:
        return json.loads(text, parse_constant=parse_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
