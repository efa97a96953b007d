"""What is plainly no image, told by how a file begins: nothing at all, a pointer to the image, a saved web page."""

from pathlib import Path

from brainlab.errors import UnreadableScanError

START_BYTES = 256
POINTERS = (
    (b"version https://git-lfs", "a git-lfs pointer, not the image; fetch it with 'git lfs pull'"),
    (b"/annex/objects/", "a git-annex pointer, not the image; fetch it with 'datalad get'"),
    (b"../", "a git-annex pointer, not the image; fetch it with 'datalad get'"),
    (b".git/annex/", "a git-annex pointer, not the image; fetch it with 'datalad get'"),
    (b"<", "a saved web page, not an image; download it again"),
)
"""How a file begins that stands for an image, and what to do about it."""


def start_of_image(path: Path) -> bytes:
    """Return the first bytes of a file that may hold an image.

    Raises UnreadableScanError with the reason alone, without the path, for what is plainly none.
    """
    if not path.is_file():
        if path.is_symlink():
            raise UnreadableScanError("a broken link (git-annex?), not the image; fetch it with 'datalad get'")
        raise UnreadableScanError("not a file" if path.exists() else "no such file")
    with path.open("rb") as stream:
        start = stream.read(START_BYTES)
    if not start:
        raise UnreadableScanError("an empty file (0 bytes); copy or download it again")
    for mark, reason in POINTERS:
        if start.lstrip().startswith(mark) and b"\0" not in start:
            raise UnreadableScanError(reason)
    return start
