#!/bin/sh
# CTranslate2 in a process that may not create executable memory, as under systemd's MemoryDenyWriteExecute=yes.
#
# Expected: a library with compiled kernels for each instruction set computes without making code at run time, or says that
# it cannot when it is loaded.
# Seen with CTranslate2 4.8.5 on x86-64 with Linux 6.18: import and loading of a Whisper model succeed; encoding fails with
# "could not create a primitive", which names neither memory nor permission. Its convolutions are those of oneDNN, which
# generates code. A hardened service therefore starts and fails at its first recording. A process that is restricted after it
# has encoded once goes on with the same shapes.
# Needs Linux 6.3 or newer (PR_SET_MDWE).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "ctranslate2==4.8.5" "numpy>=2,<3"
cat >"$folder/encode.py" <<'PYTHON'
import ctypes
import sys

import ctranslate2
import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec

WIDTH, VOCABULARY, PR_SET_MDWE, REFUSE_EXEC_GAIN = 64, 60, 65, 1
random = np.random.default_rng(1)


def noise(*shape):
    return random.standard_normal(shape).astype(np.float32)


def fill_linear(layer, outputs, inputs):
    layer.weight, layer.bias = noise(outputs, inputs), noise(outputs)


def fill_norm(layer):
    layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)


def fill_attention(layer, outputs):
    fill_norm(layer.layer_norm)
    for linear, factor in zip(layer.linear, outputs):
        fill_linear(linear, factor * WIDTH, WIDTH)


def fill_feed_forward(layer):
    fill_norm(layer.layer_norm)
    fill_linear(layer.linear_0, 4 * WIDTH, WIDTH)
    fill_linear(layer.linear_1, WIDTH, 4 * WIDTH)


def save_model(path):
    """A Whisper of one layer whose weights are noise."""
    spec = WhisperSpec(1, 2, 1, 2)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = noise(WIDTH, 80, 3), noise(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = noise(WIDTH, WIDTH, 3), noise(WIDTH)
    encoder.position_encodings.encodings = noise(1500, WIDTH)
    decoder.position_encodings.encodings = noise(448, WIDTH)
    decoder.embeddings.weight = decoder.projection.weight = noise(VOCABULARY, WIDTH)
    decoder.scale_embeddings = False
    for part in (encoder, decoder):
        fill_norm(part.layer_norm)
        for layer in part.layer:
            fill_attention(layer.self_attention, (3, 1))
            fill_feed_forward(layer.ffn)
    for layer in decoder.layer:
        fill_attention(layer.attention, (1, 2, 1))
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>", "<|0.00|>"]
    spec.register_vocabulary([f"word{number}" for number in range(VOCABULARY - len(special))] + special)
    spec.validate()
    spec.save(path)


def encode(path):
    audio = ctranslate2.StorageView.from_array(np.zeros((1, 80, 3000), np.float32))
    return ctranslate2.models.Whisper(path, device="cpu").encode(audio).shape


def restrict():
    if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        sys.exit("this kernel has no PR_SET_MDWE")


how, path = sys.argv[1:]
if how == "save":
    save_model(path)
elif how == "restricted":
    restrict()
    try:
        encode(path)
    except RuntimeError as error:
        print("restricted from the start:", error)
        assert str(error) == "could not create a primitive", error
    else:
        sys.exit("it computes")
else:
    before = encode(path)
    restrict()
    assert encode(path) == before
    print("restricted after the first encoding:", before)
PYTHON
mkdir "$folder/model"
for how in save restricted restricted-later; do
	"$folder/venv/bin/python" "$folder/encode.py" "$how" "$folder/model"
done
