"""What kills, full disks, read-only folders and second processes do to the long commands."""
