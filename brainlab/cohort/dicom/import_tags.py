"""The tags of DICOM files that an import reads; whatever else a file says, it does not look at."""

from brainlab.images.dicom.pixels import LAYOUT, RESCALING

PERSON = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientAge")
"""Whose images they are: told apart by these, which stay in memory."""
WHICH = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate", "SeriesDate",
    "AcquisitionDate", "SeriesNumber", "InstanceNumber", "AcquisitionNumber", "AcquisitionTime", "SeriesTime",
    "TemporalPositionIdentifier", "Modality", "ImageType", "BurnedInAnnotation",
)  # fmt: skip
HOW = (
    "SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName", "ScanningSequence", "SequenceVariant",
    "MRAcquisitionType", "EchoTime", "EffectiveEchoTime", "RepetitionTime", "InversionTime", "FlipAngle",
    "MagneticFieldStrength", "PixelBandwidth", "EchoTrainLength", "Manufacturer", "ManufacturerModelName",
    "ContrastBolusAgent", "ComplexImageComponent", "AcquisitionContrast", "DiffusionBValue",
    "DiffusionGradientOrientation", "DiffusionDirectionality", "EchoPulseSequence", "EchoPlanarPulseSequence",
    "InversionRecovery",
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
GE, GE_B_VALUE = (0x0043, 0x0010), (0x0043, 0x1039)
GE_COMPONENT = (0x0043, 0x102F)
PRIVATE = (SIEMENS, SIEMENS_B_VALUE, SIEMENS_DIRECTION, GE, GE_B_VALUE, GE_COMPONENT)
"""The private tags that are read: diffusion weighting, and phase images, which these makers say nowhere else."""

HEADER_TAGS = (*PERSON, *WHICH, *HOW, *WHERE, *LAYOUT, *RESCALING, *OTHERS, *PRIVATE)
