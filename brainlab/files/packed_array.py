"""Arrays that ship compressed: `NAME.xz` beside the place of the file `NAME`, which is written at the first use."""

import lzma
import shutil
from pathlib import Path

from brainlab.errors import InputError
from brainlab.files.whole import whole_file

PACKED = ".xz"


def unpack(plain: Path) -> None:
    """Write a file that only its packed one is there of; do nothing where it is there or neither is.

    Raises InputError naming the packed file where it is damaged or there is no room.
    """
    packed = plain.with_name(plain.name + PACKED)
    if plain.is_file() or not packed.is_file():
        return
    try:
        with whole_file(plain) as scratch, lzma.open(packed) as source, scratch.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise InputError(f"{packed}: cannot be unpacked ({error})") from error
