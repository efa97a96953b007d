"""What a prepared dataset is like as a whole: who is in it, what could confound, how near to real scans it is."""
