"""Whole images to begin from, as small as they come: of each format those that are read in ways of their own."""

import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.externals.netcdf import netcdf_file
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    MRImageStorage,
    RLELossless,
)

SHAPE = (9, 8, 8)
VOXELS = np.random.default_rng(0).integers(0, 400, SHAPE).astype(np.int16)
AFFINE = np.array([[-2.0, 0.1, 0, 40], [0.1, 2, 0.2, -30], [0, -0.2, 3, 10], [0, 0, 0, 1]])


def _bytes_of(image: Any, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        nib.save(image, Path(folder) / name)
        return (Path(folder) / name).read_bytes()


def nifti() -> Iterable[bytes]:
    for kind in (np.int16, np.float32, np.uint8):
        image = nib.Nifti1Image(VOXELS.astype(kind), AFFINE)
        image.header.set_slope_inter(2.0, 1.0)
        yield _bytes_of(image, "a.nii")
    yield _bytes_of(nib.Nifti2Image(VOXELS, AFFINE), "a.nii")
    yield _bytes_of(nib.Nifti1Image(np.stack([VOXELS, VOXELS], -1), AFFINE), "a.nii")


def mgh() -> Iterable[bytes]:
    yield _bytes_of(nib.MGHImage(VOXELS.astype(np.float32), AFFINE), "a.mgh")
    yield _bytes_of(nib.MGHImage(VOXELS.astype(np.uint8), AFFINE), "a.mgh")


def of_sitk(name: str) -> Callable[[], Iterable[bytes]]:
    def seeds() -> Iterable[bytes]:
        import SimpleITK

        for compressed in (False, True):
            image = SimpleITK.GetImageFromArray(VOXELS)
            image.SetSpacing((1.0, 2.0, 3.0))
            with tempfile.TemporaryDirectory() as folder:
                SimpleITK.WriteImage(image, str(Path(folder) / name), useCompression=compressed)
                yield (Path(folder) / name).read_bytes()

    return seeds


def nrrd_diffusion() -> Iterable[bytes]:
    """Yield series of three images, along the first axis and along the last."""
    keys = "modality:=DWMRI\nDWMRI_b-value:=1000\nDWMRI_gradient_0000:=0 0 0\nDWMRI_gradient_0001:=1 0 0.5\n"
    images, space = np.stack([VOXELS] * 3), ["(2,0,0)", "(0,2,0)", "(0,0,2)"]
    for place, kind, voxels in ((0, "list", images), (3, "vector", np.moveaxis(images, 0, 3))):
        directions, kinds = list(space), ["space"] * 3
        directions.insert(place, "none")
        kinds.insert(place, kind)
        header = f"NRRD0005\ntype: short\ndimension: 4\nspace: RAS\nsizes: {' '.join(map(str, voxels.shape))}\n"
        header += f"space directions: {' '.join(directions)}\nkinds: {' '.join(kinds)}\nendian: little\nencoding: raw\n"
        yield f"{header}{keys}DWMRI_NEX_0001:=2\n\n".encode() + voxels.tobytes(order="F")


SLICE = np.random.default_rng(0).integers(0, 250, (17, 16)).astype(np.uint16)
"""As small as a slice may be."""
PACKED = ("JPEG", "JPEG2000", "RLE", "JPEG-LS", "colours")


def dicom() -> Iterable[bytes]:
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        yield _dicom(SLICE, syntax)
    for packing in PACKED:
        frame, syntax, shape = compressed(packing)
        yield dicom_of(frame, syntax, shape)
    yield _enhanced()
    yield _diffusion()


def dicom_of(frame: bytes, syntax: str, shape: Sequence[int]) -> bytes:
    """Return a file around a compressed frame. shape: [rows, columns] or [rows, columns, 3]."""
    return _dicom(np.zeros(shape, np.uint16 if len(shape) == 2 else np.uint8), syntax, encapsulate([frame]))


@cache
def compressed(packing: str) -> tuple[bytes, str, tuple[int, ...]]:
    """Return a frame, its transfer syntax and its shape."""
    if packing == "colours":
        stream = io.BytesIO()
        Image.fromarray(np.repeat(SLICE.astype(np.uint8)[..., None], 3, -1)).save(stream, "JPEG")
        return stream.getvalue(), JPEGBaseline8Bit, (*SLICE.shape, 3)
    if packing == "JPEG-LS":  # for which no encoder is at hand
        image = dcmread(str(get_testdata_file("MR_small_jpeg_ls_lossless.dcm")))
    elif packing == "RLE":
        image = dcmread(io.BytesIO(_dicom(SLICE, ExplicitVRLittleEndian)))
        image.compress(RLELossless)
    else:
        image = _by_simpleitk(packing)
    shape = (image.Rows, image.Columns)
    return next(generate_frames(image.PixelData, number_of_frames=1)), image.file_meta.TransferSyntaxUID, shape


def _by_simpleitk(compressor: str) -> Dataset:
    import SimpleITK

    writer = SimpleITK.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor(compressor)
    with tempfile.TemporaryDirectory() as folder:
        writer.SetFileName(str(Path(folder) / "a.dcm"))
        writer.Execute(SimpleITK.GetImageFromArray(SLICE))
        return dcmread(Path(folder) / "a.dcm")


def _enhanced() -> bytes:
    image = dcmread(io.BytesIO(_dicom(SLICE, ExplicitVRLittleEndian)))
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    place, orientation, measures, values, frame = (Dataset() for _ in range(5))
    place.ImagePositionPatient, orientation.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, values.RescaleSlope, values.RescaleIntercept = [1, 1], 2, -1
    frame.PlanePositionSequence, frame.PlaneOrientationSequence = [place], [orientation]
    frame.PixelMeasuresSequence, frame.PixelValueTransformationSequence = [measures], [values]
    image.PerFrameFunctionalGroupsSequence, image.NumberOfFrames = [frame], 1
    stream = io.BytesIO()
    image.save_as(stream)
    return stream.getvalue()


def _diffusion() -> bytes:
    """Return an image that GE and Philips could have weighted."""
    image = dcmread(io.BytesIO(_dicom(SLICE, ExplicitVRLittleEndian)))
    image.PatientPosition, image.InPlanePhaseEncodingDirection = "HFS", "COL"
    image.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(0x03, "FL", 800.0)
    image.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", ["1000", "8"])
    gradient = image.private_block(0x0019, "GEMS_ACQU_01", create=True)
    for element in (0xBB, 0xBC, 0xBD):
        gradient.add_new(element, "DS", "0.5")
    stream = io.BytesIO()
    image.save_as(stream)
    return stream.getvalue()


def csa_headers() -> Iterable[bytes]:
    """Return private headers of a Siemens scanner, as they come with nibabel: of 48 slices."""
    folder = Path(nib.__file__).parent / "nicom" / "tests" / "data"
    return [(folder / f"csa2_{weighting}.bin").read_bytes() for weighting in ("b0", "b1000")]


def mosaic_of(csa: bytes) -> bytes:
    """Return a Siemens mosaic of 48 slices around a private header."""
    image = dcmread(io.BytesIO(_dicom(np.tile(SLICE, (7, 7)), ExplicitVRLittleEndian)))
    image.ImageType = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "ND", "MOSAIC"]
    image.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", csa)
    stream = io.BytesIO()
    image.save_as(stream)
    return stream.getvalue()


def _dicom(pixels: npt.NDArray[Any], syntax: str, packed: bytes = b"") -> bytes:
    """Return a file of pixels [rows, columns] or [rows, columns, 3]. packed: what holds them, where not they."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = MRImageStorage, UID(syntax)
    meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    image = Dataset()
    image.file_meta = meta
    image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    image.Modality, image.PatientID, image.PatientName, image.PatientAge = "MR", "1", "A^B", "045Y"
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.3", "1.2.3.5"
    image.StudyDate, image.SeriesNumber, image.InstanceNumber = "20200101", 1, 1
    image.ScanningSequence, image.EchoTime, image.RepetitionTime = "GR", 2.5, 2300.0
    image.ImagePositionPatient, image.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    image.PixelSpacing, image.SliceThickness = [1, 1], 1
    image.WindowCenter, image.WindowWidth, image.RescaleSlope, image.RescaleIntercept = 100, 200, 2, -1
    image.Rows, image.Columns = pixels.shape[:2]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    if pixels.ndim == 3:
        image.SamplesPerPixel, image.PhotometricInterpretation, image.PlanarConfiguration = 3, "YBR_FULL_422", 0
    image.BitsAllocated = image.BitsStored = 8 * pixels.dtype.itemsize
    image.HighBit, image.PixelRepresentation = image.BitsStored - 1, 0
    image.PixelData = packed or pixels.tobytes()
    image["PixelData"].VR = "OB" if packed else "OW"
    stream = io.BytesIO()
    image.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def picture() -> Image.Image:
    """Return grey levels of 36 x 32 pixels."""
    return Image.fromarray(VOXELS[:, :, 0].astype(np.uint8).repeat(4, 0).repeat(4, 1))


def pictures() -> Iterable[bytes]:
    for kind in ("PNG", "TIFF", "JPEG", "BMP"):
        stream = io.BytesIO()
        picture().save(stream, kind)
        yield stream.getvalue()


def unit_array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.linspace(0, 1, 128, dtype=np.float32).reshape(2, 8, 8))
    return stream.getvalue()


def minc(path: Path) -> None:
    """Write MINC 1."""
    with netcdf_file(path, "w") as file:
        names = ("zspace", "yspace", "xspace")
        for name, size in zip(names, SHAPE, strict=True):
            file.createDimension(name, size)
            variable = file.createVariable(name, "i", ())
            variable.spacing, variable.length = "regular__", size
            variable.step, variable.start = 2.0, -8.0
        voxels = file.createVariable("image", "h", names)
        voxels[:] = np.arange(np.prod(SHAPE)).reshape(SHAPE)
        voxels.signtype, voxels.valid_range = "signed__", np.array([-32768.0, 32767.0])
        for name, value in (("image-max", 400.0), ("image-min", 0.0)):
            file.createVariable(name, "d", ()).data[...] = value


def minc_2(path: Path) -> None:
    """Write MINC 2, for which h5py has to be installed."""
    import h5py

    with h5py.File(path, "w") as file:
        image = file.create_group("minc-2.0/image/0")
        dimensions = file.create_group("minc-2.0/dimensions")
        for name, size in zip(("zspace", "yspace", "xspace"), SHAPE, strict=True):
            dimension = dimensions.create_dataset(name, data=0)
            dimension.attrs.update({"step": 2.0, "start": -8.0, "length": size, "spacing": np.bytes_("regular__")})
        voxels = image.create_dataset("image", data=np.zeros(SHAPE, np.int16), chunks=SHAPE, compression=1)
        voxels.attrs["dimorder"] = np.bytes_("zspace,yspace,xspace")
        voxels.attrs["valid_range"] = np.array([-32768.0, 32767.0])
        image.create_dataset("image-max", data=400.0)
        image.create_dataset("image-min", data=0.0)


def written(write: Callable[[Path], None]) -> bytes:
    """Return what a function writes to a path."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "a")
        return (Path(folder) / "a").read_bytes()


def arrays() -> Iterable[bytes]:
    for array in (VOXELS, VOXELS.astype(np.float32)):
        stream = io.BytesIO()
        np.save(stream, array)
        yield stream.getvalue()
