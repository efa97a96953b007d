"""DICOM: headers, pixels whatever the transfer syntax, and single slices."""
