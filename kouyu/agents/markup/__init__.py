"""What models write into their answers that is not for the user: thoughts, tool calls, special tokens, citations."""
