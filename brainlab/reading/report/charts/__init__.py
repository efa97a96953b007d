"""Charts of a report: what each shows, and how one is drawn without a browser."""
