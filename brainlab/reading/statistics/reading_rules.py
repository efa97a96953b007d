"""How a file of answers is read, in words; apart from the reader itself, so that help needs no library."""

READING_RULES = (
    "Commas, semicolons or tabs part the columns. Spellings of one label (1 and 1.0, Mild and mild) and of one reader "
    "(R1 and r1) are taken as one; cases are not. NA, n/a, NaN, null, - and . are missing; none and unknown are, too, "
    "among numbers or real and fake, and are an answer among other words. Truth, source and class belong to the case. "
    "A note says each of these."
)
"""What a user must know of how a file is read: for the command's help and the page."""
