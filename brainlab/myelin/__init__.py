"""Myelin of lesions from PET: which voxels have lost it, what changes between visits, how that relates to EDSS."""
