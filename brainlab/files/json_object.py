"""Files of one JSON object."""

from pathlib import Path
from typing import Any, NoReturn

from brainlab.errors import InputError
from brainlab.files.json_text import parse_json
from brainlab.files.lfs_pointer import refuse_pointer


def read_json(path: Path, mend: str) -> dict[str, Any]:
    """Read a file of one JSON object, with or without a byte-order mark.

    mend: what to do about a damaged one, the end of the InputError that is raised.
    """
    refuse_pointer(path)
    try:
        values = parse_json(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_constant)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: damaged, no JSON ({reason}); {mend}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: needs one JSON object, got {type(values).__name__}; {mend}")
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
