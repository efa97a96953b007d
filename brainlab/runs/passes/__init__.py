"""What a run's network makes of many images, by whoever does the work."""
