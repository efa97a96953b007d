"""What a translation network looks at."""
