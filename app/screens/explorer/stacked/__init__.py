"""Runs that code volumes slice by slice, moved along the coordinates of their Gaussian over slices."""
