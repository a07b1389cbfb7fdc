"""kouyu: a self-hosted voice conversation server that speaks Coze's and OpenAI's realtime protocols."""

import os

# onnxruntime reports its use to its maker over the network from the moment it is loaded, and keeps a device id on
# disk; only this, set before, prevents both. A server for other people's conversations reports nothing unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
