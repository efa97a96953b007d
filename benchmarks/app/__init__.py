"""How soon the app answers, and how it looks."""
