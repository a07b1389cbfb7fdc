"""English: number words, and a file for each kind of written form. ``reading.py`` names their order."""
