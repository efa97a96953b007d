"""What the headers of DICOM files say of their images: where they lie, how they were taken, whose they are."""
