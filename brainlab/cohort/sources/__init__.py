"""Which scans a BIDS dataset, a folder or a table holds, and what is known of each."""
