"""Myelin indices of the people of a prepared dataset, from true and from synthesised PET."""
