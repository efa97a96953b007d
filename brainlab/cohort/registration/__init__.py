"""Find the brain in a scan: its place on the template, its mask, and how scans of a head lie on each other."""
