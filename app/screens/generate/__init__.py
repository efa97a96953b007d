"""The page of reconstructions and samples."""
