"""The report of a study: findings, tables, charts, exports."""
