"""The rules by which a file of answers is read, in words; separate from the code, so that help loads no library."""

READING_RULES = (
    "Columns are separated by commas, semicolons or tabs. Spellings of one label (1 and 1.0, Mild and mild) and of one "
    "reader (R1 and r1) are merged; cases are not. NA, n/a, NaN, null, - and . are missing; so are none and unknown "
    "among numbers or real and fake, while among other words they are answers. Truth, source and class apply to the "
    "case. Each interpretation is listed in a note."
)
"""What a user must know of how a file is read: for the command's help and the page."""
