"""kouyu: a self-hosted voice conversation server that speaks the Coze realtime protocol."""
