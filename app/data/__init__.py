"""What pages and routes show: runs and cohorts opened once, volumes and files for the browser, uploads."""
