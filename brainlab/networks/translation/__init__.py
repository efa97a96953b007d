"""Networks and losses that turn registered MR sequences into another image, as in the thesis of W. Wei."""
