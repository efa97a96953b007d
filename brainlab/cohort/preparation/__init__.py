"""From a scan to a small volume on the template grid: placing, skull stripping, averaging, bounding."""
