"""CSV files that a spreadsheet may open: no text of ours is run there as a formula."""

import re

import pandas as pd

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as comma-separated text with a heading; texts that would start a formula get a `'` before them."""
    shown = frame.rename(columns=plain_cell)
    for place, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            shown.isetitem(place, frame.iloc[:, place].astype(object).map(plain_cell).to_list())
    return shown.to_csv(index=False)


def plain_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; numbers, also those that are written as text, stay."""
    if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
