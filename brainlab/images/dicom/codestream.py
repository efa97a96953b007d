"""What a compressed frame claims of itself, checked before a decoder takes memory for it.

Decoders believe the size in the frame, not the one of the DICOM header: a JPEG of a hundred bytes can claim 65,535
rows and columns.
"""

import struct
from collections.abc import Sequence

from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes, RLELossless

from brainlab.errors import UnreadableScanError

SOI, SOS, EOI = 0xD8, 0xDA, 0xD9
NO_LENGTH = (0x01, *range(0xD0, 0xD8))
"""JPEG markers that stand alone: TEM and the restarts."""
FRAMES = range(0xC0, 0xD0)
NOT_FRAMES = (0xC4, 0xC8, 0xCC)
"""Of these markers, those of tables: Huffman, reserved, arithmetic."""
JPEG_FRAMES = (0xC0, 0xC1, 0xC3)
"""Baseline, extended, lossless: those of DICOM's transfer syntaxes, all of one pass over the image. A progressive JPEG
can ask for thousands of passes."""
JPEG_LS_FRAMES = (0xF7,)
JPEG2000_START = b"\xff\x4f\xff\x51"
"""Start of a codestream, and its size segment, which must come next (ISO/IEC 15444-1, A.5.1)."""
JPEG2000_BOXES = b"\0\0\0\x0cjP  "
CODESTREAM_BOX = b"jp2c"
END = bytes((0xFF, EOI))
"""How codestreams of JPEG, JPEG-LS and JPEG 2000 end. Decoders fill a cut-off one with grey and only warn."""
MOST_PADDING = 64
"""Bytes that may follow the end, of padding or of boxes."""
MOST_TILES = 1024
"""Of a JPEG 2000 image. Decoders keep some kilobytes for each, and may be told of 65,535."""


def check_codestream(content: bytes, syntax: UID, shape: Sequence[int], allocated: int) -> None:
    """Refuse a compressed frame that claims another size than the DICOM header, is cut off, or is no still image.

    content: one frame. shape: [rows, columns] or [rows, columns, samples]. allocated: bits of a sample.
    Raises UnreadableScanError, with the reason alone. RLE has no size of its own.
    """
    if syntax == RLELossless:
        return
    try:
        if syntax in JPEG2000TransferSyntaxes:
            claimed, precision = _of_jpeg2000(content)
        elif syntax in JPEGTransferSyntaxes:
            claimed, precision = _of_jpeg(content, JPEG_FRAMES)
        elif syntax in JPEGLSTransferSyntaxes:
            claimed, precision = _of_jpeg(content, JPEG_LS_FRAMES)
        else:
            raise _undecodable(syntax)
    except (struct.error, IndexError) as error:
        raise _undecodable(syntax) from error
    if claimed is None:
        raise _undecodable(syntax)
    if END not in content[-MOST_PADDING:]:
        raise UnreadableScanError(f"its pixels ({syntax.name}) are cut off; copy or export it again")
    needed = (*shape[:2], shape[2] if len(shape) == 3 else 1)
    if claimed != needed or precision > allocated:
        raise UnreadableScanError(
            f"its compressed pixels are {_said(claimed)} of {precision} bits and its header says {_said(needed)} of "
            f"{allocated}; export it again"
        )


def _undecodable(syntax: UID) -> UnreadableScanError:
    return UnreadableScanError(f"its pixels ({syntax.name}) cannot be decoded; export them uncompressed")


def _said(size: Sequence[int]) -> str:
    return " x ".join(map(str, size))


def _of_jpeg(content: bytes, kinds: Sequence[int]) -> tuple[tuple[int, int, int] | None, int]:
    """Return rows, columns and components, and bits, of the one frame header; None where there is none of `kinds`.

    Every marker segment before the scan is walked, since a decoder would take a later size.
    """
    if content[:2] != bytes((0xFF, SOI)):
        return None, 0
    found, place = None, 2
    while (marker := content[place + 1]) != SOS:
        if content[place] != 0xFF:
            return None, 0
        if marker == 0xFF:  # fill
            place += 1
            continue
        if marker in NO_LENGTH:
            place += 2
            continue
        if marker in kinds:
            if found is not None:
                return None, 0
            found = struct.unpack_from(">BHHB", content, place + 4)
        elif marker in (SOI, EOI) or (marker in FRAMES and marker not in NOT_FRAMES):
            return None, 0
        place += 2 + struct.unpack_from(">H", content, place + 2)[0]
    if found is None:
        return None, 0
    precision, rows, columns, components = found
    return (rows, columns, components), precision


def _of_jpeg2000(content: bytes) -> tuple[tuple[int, int, int] | None, int]:
    """Return rows, columns and components, and bits, of the size segment; None for what is none, or of odd tiles."""
    start = _codestream(content)
    if content[start : start + 4] != JPEG2000_START:
        return None, 0
    right, bottom, left, top, tile_x, tile_y, first_x, first_y, components = struct.unpack_from(
        ">8IH", content, start + 8
    )
    samples = [struct.unpack_from(">3B", content, start + 42 + 3 * number) for number in range(components)]
    tiles = max(1, -(-(right - first_x) // max(tile_x, 1))) * max(1, -(-(bottom - first_y) // max(tile_y, 1)))
    if not samples or any((across, down) != (1, 1) for _, across, down in samples) or tiles > MOST_TILES:
        return None, 0
    return (bottom - top, right - left, components), max((bits & 0x7F) + 1 for bits, _, _ in samples)


def _codestream(content: bytes) -> int:
    """Return where the codestream begins: at once, or, in what some write against the standard, within boxes."""
    if not content.startswith(JPEG2000_BOXES):
        return 0
    place = 0
    while content[place + 4 : place + 8] != CODESTREAM_BOX:
        (length,) = struct.unpack_from(">I", content, place)
        if length < 8:  # to the end of the file, or of 64 bits: no box that a slice has
            return len(content)
        place += length
    return place + 8
