#!/bin/sh
# What soxr makes of 16-bit samples.
#
# Expected: digital silence stays silence at another rate, a constant stays that constant, and from a rate to the same rate
# nothing changes, as it is with float32 samples.
# Seen with soxr 1.1.0: for int16 its output is dithered, always and without a switch. Silence becomes noise of -1, 0 and 1, a
# constant 100 is 99 to 101, and 16 kHz to 16 kHz changes samples. Resampled in chunks and as a whole, the same sound differs
# by up to 2. So comparing with zero does not find silence behind it, and neither hashes nor golden files fit int16 output;
# float32 in, rounded by the caller, has none of this.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "soxr==1.1.0" "numpy>=2,<3"
cat >"$folder/silence.py" <<'PYTHON'
import numpy as np
import soxr

silence = np.zeros(1600, np.int16)
tone = (3000 * np.sin(np.arange(1600) / 10)).astype(np.int16)
stream = soxr.ResampleStream(16_000, 24_000, 1, dtype="int16")
chunks = [stream.resample_chunk(tone[at : at + 160], last=at == 1440) for at in range(0, 1600, 160)]
seen = {
    "int16 silence": sorted(set(soxr.resample(silence, 16_000, 24_000).tolist())),
    "float32 silence": sorted(set(soxr.resample(silence.astype(np.float32), 16_000, 24_000).tolist())),
    "int16 constant": sorted(set(soxr.resample(silence + np.int16(100), 16_000, 24_000)[300:-300].tolist())),
    "same rate, int16": bool((soxr.resample(tone, 16_000, 16_000) == tone).all()),
    "same rate, float32": bool((soxr.resample(tone.astype(np.float32), 16_000, 16_000) == tone).all()),
    "chunks as the whole, int16": bool((np.concatenate(chunks) == soxr.resample(tone, 16_000, 24_000)).all()),
}
print(seen)
assert seen == {
    "int16 silence": [-1, 0, 1],
    "float32 silence": [0.0],
    "int16 constant": [99, 100, 101],
    "same rate, int16": False,
    "same rate, float32": True,
    "chunks as the whole, int16": False,
}, seen
PYTHON
"$folder/venv/bin/python" "$folder/silence.py"
