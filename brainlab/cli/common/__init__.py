"""What several commands share: flags, the progress bar, lines of scores."""
