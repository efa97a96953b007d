"""Reading and writing of plain files: text, tables, spreadsheets, locks."""
