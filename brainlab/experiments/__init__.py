"""The only place that joins a name, its configuration, its model and its data."""
