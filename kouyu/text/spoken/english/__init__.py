"""English: number words, and a file for each kind of written form. ``reading.py`` defines their order."""
