"""A compressed frame that claims another size than its file is refused before it is decoded."""

import base64
import io
import struct

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import MPEG2MPML, UID, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.codestream import check_codestream
from tests.images.dicom.test_pixels import JPEG_LS

GREY = np.arange(24 * 20, dtype=np.uint8).reshape(24, 20)


def packed(kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, kind, **options)
    return stream.getvalue()


def jpeg2000() -> bytes:
    return packed("JPEG2000", no_jp2=True)


WHOLE: dict[UID, bytes] = {
    JPEGBaseline8Bit: packed("JPEG"),
    JPEG2000Lossless: jpeg2000(),
    JPEGLSLossless: base64.b64decode(JPEG_LS),
}
SHAPES = {JPEGBaseline8Bit: (24, 20), JPEG2000Lossless: (24, 20), JPEGLSLossless: (12, 10)}


@pytest.mark.parametrize("syntax", WHOLE, ids=lambda syntax: syntax.name)
def test_a_frame_of_the_size_that_its_file_says(syntax: UID):
    check_codestream(WHOLE[syntax], syntax, SHAPES[syntax], 16)
    check_codestream(WHOLE[syntax] + b"\0", syntax, (*SHAPES[syntax], 1), 16)
    rows, columns = SHAPES[syntax]
    for shape in ((columns, rows), (rows, columns, 3)):
        with pytest.raises(UnreadableScanError, match=f"its compressed pixels are {rows} x {columns} x 1 of"):
            check_codestream(WHOLE[syntax], syntax, shape, 16)


def with_size(content: bytes, syntax: UID, side: int) -> bytes:
    raw = bytearray(content)
    if syntax == JPEG2000Lossless:
        struct.pack_into(">2I", raw, 8, side, side)
        struct.pack_into(">2I", raw, 24, side, side)
    else:
        frame = content.index(b"\xff\xf7" if syntax == JPEGLSLossless else b"\xff\xc0")
        struct.pack_into(">2H", raw, frame + 5, side, side)
    return bytes(raw)


@pytest.mark.parametrize("syntax", WHOLE, ids=lambda syntax: syntax.name)
def test_a_claim_of_65535_rows_is_not_believed(syntax: UID):
    with pytest.raises(UnreadableScanError, match="are 65535 x 65535 x 1 of"):
        check_codestream(with_size(WHOLE[syntax], syntax, 65535), syntax, SHAPES[syntax], 16)


@pytest.mark.parametrize("syntax", WHOLE, ids=lambda syntax: syntax.name)
def test_a_frame_that_is_cut_off_is_refused_wherever_it_ends(syntax: UID):
    whole = WHOLE[syntax]
    for end in range(len(whole) - 1):
        with pytest.raises(UnreadableScanError, match=r"are cut off|cannot be decoded"):
            check_codestream(whole[:end], syntax, SHAPES[syntax], 16)


def test_a_size_that_comes_after_another_is_not_overlooked():
    whole, syntax = WHOLE[JPEGBaseline8Bit], JPEGBaseline8Bit
    frame = whole.index(b"\xff\xc0")
    for second in (whole[frame : frame + 13], b"\xff\xd8", b"\xff\xc2" + whole[frame + 2 : frame + 13]):
        with pytest.raises(UnreadableScanError, match="cannot be decoded"):
            check_codestream(whole[: frame + 13] + second + whole[frame + 13 :], syntax, (24, 20), 8)
    # neither is one that a comment holds taken for the image's
    comment = b"\xff\xfe" + struct.pack(">H", 15) + with_size(whole, syntax, 9)[frame : frame + 13]
    check_codestream(whole[:2] + comment + whole[2:], syntax, (24, 20), 8)


def test_a_progressive_jpeg_is_refused():
    with pytest.raises(UnreadableScanError, match="cannot be decoded"):
        check_codestream(packed("JPEG", progressive=True), JPEGBaseline8Bit, (24, 20), 8)


def test_a_jpeg_2000_within_boxes_is_read_as_bare_ones_are():
    boxed = packed("JPEG2000")
    check_codestream(boxed, JPEG2000Lossless, (24, 20), 8)
    decoy = with_size(jpeg2000(), JPEG2000Lossless, 9)[:60]
    hidden = boxed[:12] + struct.pack(">I4s", 8 + 60, b"free") + decoy + boxed[12:]
    check_codestream(hidden, JPEG2000Lossless, (24, 20), 8)
    with pytest.raises(UnreadableScanError, match="are 24 x 20"):
        check_codestream(hidden, JPEG2000Lossless, (9, 9), 8)
    with pytest.raises(UnreadableScanError, match="cannot be decoded"):
        check_codestream(boxed[:12] + bytes(4) + boxed[16:], JPEG2000Lossless, (24, 20), 8)


def test_a_jpeg_2000_of_thousands_of_tiles_is_refused():
    """OpenJPEG keeps several kilobytes for each: 749 MiB for 250 x 250 tiles of one pixel."""
    raw = bytearray(jpeg2000())
    struct.pack_into(">2I", raw, 24, 1, 1)
    check_codestream(bytes(raw), JPEG2000Lossless, (24, 20), 8)
    struct.pack_into(">2I", raw, 8, 250, 250)
    with pytest.raises(UnreadableScanError, match="cannot be decoded"):
        check_codestream(bytes(raw), JPEG2000Lossless, (250, 250), 8)


def test_more_bits_than_the_file_keeps_are_refused():
    with pytest.raises(UnreadableScanError, match="of 11 bits and its header says 12 x 10 x 1 of 8"):
        check_codestream(WHOLE[JPEGLSLossless], JPEGLSLossless, (12, 10), 8)


def test_films_cannot_be_decoded_and_run_lengths_claim_nothing():
    with pytest.raises(UnreadableScanError, match=r"MPEG2.*cannot be decoded"):
        check_codestream(b"\0\0\1", MPEG2MPML, (24, 20), 8)
    check_codestream(b"", RLELossless, (24, 20), 8)
