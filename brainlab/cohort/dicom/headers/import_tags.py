"""The tags of DICOM files that an import reads; whatever else a file says, it does not look at."""

from brainlab.images.dicom.pixels import LAYOUT, RESCALING

PERSON = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientAge")
"""Whose images they are: told apart by these, which stay in memory."""
WHICH = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate", "SeriesDate",
    "AcquisitionDate", "SeriesNumber", "InstanceNumber", "AcquisitionNumber", "AcquisitionTime", "SeriesTime",
    "TemporalPositionIdentifier", "Modality", "ImageType", "BurnedInAnnotation", "FileSetID",
)  # fmt: skip
HOW = (
    "SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName", "ScanningSequence", "SequenceVariant",
    "MRAcquisitionType", "EchoTime", "EffectiveEchoTime", "RepetitionTime", "InversionTime", "FlipAngle",
    "MagneticFieldStrength", "PixelBandwidth", "EchoTrainLength", "Manufacturer", "ManufacturerModelName",
    "ContrastBolusAgent", "ComplexImageComponent", "AcquisitionContrast", "DiffusionBValue",
    "DiffusionGradientOrientation", "DiffusionDirectionality", "EchoPulseSequence", "EchoPlanarPulseSequence",
    "InversionRecovery", "InPlanePhaseEncodingDirection", "PatientPosition",
)  # fmt: skip
WHERE = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
OTHERS = (
    "InstitutionName", "InstitutionAddress", "StationName", "ReferringPhysicianName", "PerformingPhysicianName",
    "OperatorsName", "AccessionNumber", "StudyID", "DeviceSerialNumber", "OtherPatientIDs", "RequestingPhysician",
    "PatientAddress",
)  # fmt: skip
"""What a free text that is copied must not repeat."""

SIEMENS, SIEMENS_B_VALUE, SIEMENS_DIRECTION = (0x0019, 0x0010), (0x0019, 0x100C), (0x0019, 0x100E)
PHILIPS, PHILIPS_B_VALUE = (0x2001, 0x0010), (0x2001, 0x1003)
PHILIPS_DIRECTION = ((0x2005, 0x10B0), (0x2005, 0x10B1), (0x2005, 0x10B2))
GE, GE_B_VALUE, GE_COMPONENT = (0x0043, 0x0010), (0x0043, 0x1039), (0x0043, 0x102F)
GE_GRADIENT, GE_DIRECTION = (0x0019, 0x0010), ((0x0019, 0x10BB), (0x0019, 0x10BC), (0x0019, 0x10BD))
PRIVATE = (
    SIEMENS, SIEMENS_B_VALUE, SIEMENS_DIRECTION, PHILIPS, PHILIPS_B_VALUE, *PHILIPS_DIRECTION, GE, GE_B_VALUE,
    GE_COMPONENT, *GE_DIRECTION,
)  # fmt: skip
"""The private tags that are read: diffusion weighting, and phase images, which these makers say nowhere else. The first
of each maker says whose the others are."""

HEADER_TAGS = (*PERSON, *WHICH, *HOW, *WHERE, *LAYOUT, *RESCALING, *OTHERS, *PRIVATE)
