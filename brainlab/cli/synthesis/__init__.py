"""Commands of synthesis: sequences made from others, and myelin."""
