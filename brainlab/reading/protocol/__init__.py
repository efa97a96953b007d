"""What a study asks: its design, its questions, and everything that can be wrong with them."""
