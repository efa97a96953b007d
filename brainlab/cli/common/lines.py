"""Lines on the terminal: what they quote of files and their names neither breaks a line nor steers the terminal."""

import sys
from collections.abc import Iterable
from typing import TextIO

from brainlab.errors import printable


def print_lines(lines: Iterable[str], file: TextIO | None = None) -> None:
    r"""Print each line with its control characters and line ends written out, tabs kept. file: default stdout.

    >>> print_lines(["a\tb", "c\nwarning  d"])
    a	b
    c\nwarning  d
    """
    for line in lines:
        print("\t".join(map(printable, line.split("\t"))), file=file)


def warn(warnings: Iterable[str]) -> None:
    """Print warnings on stderr, a line each."""
    print_lines((f"warning  {warning}" for warning in warnings), sys.stderr)
