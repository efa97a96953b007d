"""Regions of a brain with lesions, by which a synthesised image is learnt and judged (Wei, section 3.2.2)."""

OTHER, NAWM, LESION = REGIONS = (0, 1, 2)
"""Of a voxel: a lesion, normal-appearing white matter (all white matter outside lesions), or anything else."""
