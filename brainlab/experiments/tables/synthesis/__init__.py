"""The tables of Wei's thesis on FLAIR and PET synthesis, one file each."""
