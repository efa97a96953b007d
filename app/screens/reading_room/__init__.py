"""The reading room: what a reader's personal link opens."""
