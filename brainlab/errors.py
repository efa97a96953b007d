"""The errors a user can cause. Each message says what is needed, what was found instead, and what to do."""

import lzma
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BrainlabError(Exception):
    """Base of every error that is shown to a user as one line, without a traceback."""


class InputError(BrainlabError):
    """A file, flag or value given by the user cannot be used."""


class UnreadableScanError(InputError):
    """A scan file is damaged, empty, or not an image that brainlab can use.

    reason: why, without the file's name; what it quotes of the file is made printable, on one line.
    """

    def __init__(self, reason: str, path: object = None) -> None:
        reason = printable(reason)
        super().__init__(reason if path is None else f"{path}: {reason}")
        self.reason = reason


class RegistrationError(BrainlabError):
    """A scan could not be brought onto the template with confidence."""


class SegmentationError(BrainlabError):
    """A segmentation does not belong to its scan, or is none."""


class StudyStateError(BrainlabError):
    """A reading study is not in a state that allows the requested act."""


class LockRefusedError(StudyStateError):
    """The blinding probe refuses to lock a study. reason: what it found, without what to do about it."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason}; {advice}")
        self.reason = reason


class TrainingStoppedError(BrainlabError):
    """Training met a value that is not finite, or lost one of its processes; the last good checkpoint is kept."""


class IntensityError(BrainlabError):
    """The intensities of a scan could not be brought into [0, 1]."""


class StoppedBySignalError(KeyboardInterrupt):
    """The process was asked to end, such as by SIGTERM. number: of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def printable(text: str) -> str:
    r"""Return a text whose control characters and line ends are written out.

    >>> printable("n+\n")
    'n+\\n'
    """
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


@contextmanager
def naming_path(path: Path) -> Iterator[None]:
    """Let an OSError name `path`, the place that the user knows, rather than a temporary file or nothing."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


UNREADABLE_ARCHIVE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError,
    OverflowError,
)  # fmt: skip
"""What Python raises of a damaged archive, beside OSError; RuntimeError of one that is encrypted, or packed or written
in a way that it does not know; ValueError and OverflowError of names and times that no file can have."""
UNREADABLE_ARRAY = (*UNREADABLE_ARCHIVE, OSError, SyntaxError, KeyError, tokenize.TokenError)
"""What NumPy raises of a damaged file of arrays, whose header it reads as Python writes numbers."""


def array_reason(error: Exception) -> str:
    """Say why NumPy could not read a file, in one line; it takes what it does not know for a pickle to be trusted."""
    return "not a NumPy file" if "pickle" in str(error) else next(iter(str(error).splitlines()), type(error).__name__)
