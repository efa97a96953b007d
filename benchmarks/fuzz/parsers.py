"""What reads files, links and tables that users bring, each with some whole inputs to begin from.

A parser is called with bytes; it may return, or raise an error of brainlab's own. Anything else is a finding.
"""

from benchmarks.fuzz import image_parsers, run_parsers, study_parsers, table_parsers
from benchmarks.fuzz.parser import Parser

PARSERS: dict[str, Parser] = {
    **image_parsers.PARSERS,
    **table_parsers.PARSERS,
    **study_parsers.PARSERS,
    **run_parsers.PARSERS,
}
