"""Say what a preparation has to say in words of the page, which has no flags, and has pictures that are no scans."""

import re
from collections.abc import Mapping, Sequence

from brainlab.counted import noun as noun_of

FLAGS = (
    (r"such as --include '[^']*'", "in a table of the files"),
    (r"--include(?: '[^']*')?", "a table of the files"),
    (r"\(choose with --labels\)", "(call the column with the classes 'class')"),
    (r"--table", "a table of the files"),
    (r"--class-folders", "a table with a column class"),
    (r"--modalities", "'Sequences'"),
    (r"--scale-by(?: brain)?", "'Scale each scan by its own brain'"),
    (r"--jobs", "'brainlab prepare --jobs'"),
)
"""What a message of the command line calls something, as a pattern, and what it is on the page."""
PICTURES = (
    (r"the same voxels as", "the same pixels as"),
    (r"whose scan it is", "whose picture it is"),
    (r"with several scans \(", "with several pictures ("),
    (r"\(([\d,]+) scan(s?)\)", r"(\1 picture\2)"),
    (r"^no scan has", "no picture has"),
    (r"finished scans are kept", "finished pictures are kept"),
)
"""The same where the files are pictures."""


def for_the_page(message: str, pictures: bool) -> str:
    """Return a message of the preparation as the page says it; pictures: whether the files are pictures."""
    for flag, words in FLAGS:
        message = re.sub(rf"(?<![\w/.-]){flag}", words, message)
    for words, others in PICTURES if pictures else ():
        message = re.sub(words, others, message)
    return message


def rows_for_the_page(rows: Sequence[Mapping[str, str]], pictures: bool) -> list[dict[str, str]]:
    """Return rows of {path, reason, ...} whose reasons the page says."""
    return [{**row, "reason": for_the_page(row["reason"], pictures)} for row in rows]


def noun(pictures: bool, count: int = 1) -> str:
    """Return what one of the files, or `count` of them, are called."""
    return noun_of(count, "picture" if pictures else "scan")
