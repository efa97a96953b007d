"""Comparisons that readers share, and machines beside them, in the report: sentences, tables and charts."""
