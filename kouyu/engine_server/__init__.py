"""The engines alone, over HTTP, for servers in other processes or on other machines (`kouyu engines`)."""
