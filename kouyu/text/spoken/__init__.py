"""Text normalisation rules: one folder per language, one file per kind of written form (money, dates, units, ...)."""
