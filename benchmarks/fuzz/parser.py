"""What a parser is, and how bytes get to those that read files."""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEEP = b"[" * 3000
"""JSON nested deeper than Python's own reader goes, which changes of whole inputs hardly make."""

LARGE = 1 << 18
"""Bytes of inputs of parsers that read nothing of smaller ones."""


@dataclass(frozen=True)
class Parser:
    """One parser. seeds: makes whole inputs.  read: takes an input, and a folder that is emptied before each.

    longest: bytes of an input; longer ones are tried more slowly.
    """

    seeds: Callable[[], Iterable[bytes]]
    read: Callable[[bytes, Path], Any]
    longest: int = 8192


def in_file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes, Path], Any]:
    """Return what writes an input to a file of a name and has it read."""

    def parse(content: bytes, folder: Path) -> Any:
        (folder / name).write_bytes(content)
        return read(folder / name)

    return parse


def gzipped(name: str, read: Callable[[Path], Any]) -> Callable[[bytes, Path], Any]:
    """Fuzz what is compressed; a changed byte of the compressed file itself would end in its check sum."""
    return lambda content, folder: in_file(name, read)(gzip.compress(content, 1), folder)


def text_of(content: bytes) -> str:
    """Return an input as the text that it is nearest to."""
    return content.decode("utf-8", "replace")
