"""How often a language model answers everyday questions rightly: the questions, the marking, and the measurement."""
