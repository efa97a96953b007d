"""The researcher's side of a study: its life from creation to unblinding, backups, progress."""
