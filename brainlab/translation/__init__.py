"""Translation of a person's sequences into another sequence, or into PET."""
