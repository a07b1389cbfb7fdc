"""Works out what a question asks for, where that takes reckoning instead of knowledge."""
