"""Error rates of speech recognition on recordings whose words are known."""
