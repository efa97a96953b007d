"""DICOM series into a BIDS dataset, without anything that says whose they are."""
