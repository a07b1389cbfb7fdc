"""How written forms are said, one folder a language and one file a kind of form (money, dates, units, ...)."""
