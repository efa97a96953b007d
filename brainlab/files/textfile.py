"""Text files of any origin: spreadsheets and editors of other systems write a byte-order mark, UTF-16 or Latin-1."""

import codecs
from pathlib import Path


def read_text(path: Path) -> str:
    """Return a file's text, whatever it was saved as; see `decode_text`."""
    return decode_text(path.read_bytes())


def decode_text(raw: bytes) -> str:
    """Return text in UTF-8 with or without a byte-order mark, in UTF-16 with one, or else in Latin-1.

    Line ends are left as they are. Nothing is refused: bytes that are no text come out as signs that no parser takes.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
