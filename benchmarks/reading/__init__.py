"""Reading studies under load, cut off, and with answers whose truth is known."""
