"""Images themselves: which side is which, NIfTI files, volumes, pictures of them, and numbers of their voxels."""
