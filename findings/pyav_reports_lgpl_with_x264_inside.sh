#!/bin/sh
# The licence that the FFmpeg in PyAV's wheels reports, and what it is linked with.
#
# Expected: FFmpeg's configure refuses --enable-libx264 without --enable-gpl, so a libavcodec with x264 says that it is under the
# GPL; one that says LGPL has neither x264 nor x265.
# Seen with av 18.1.0 (manylinux x86_64): avcodec_license() is "LGPL version 3 or later", and avcodec_configuration() has
# --enable-libx264 and --enable-libx265 without --enable-gpl. Both libraries (GPL-2.0-or-later) are in the wheel, and the
# encoder libx264 works. So a tool that asks FFmpeg for its licence, or reads the package's BSD-3-Clause, sees no GPL.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --only-binary :all: "av==18.1.0"
cat >"$folder/licence.py" <<'PYTHON'
import ctypes
from importlib.metadata import distribution

import av

files = [file for file in distribution("av").files if ".so." in file.name]
codec = ctypes.CDLL(str(next(file for file in files if file.name.startswith("libavcodec")).locate()))
codec.avcodec_license.restype = codec.avcodec_configuration.restype = ctypes.c_char_p
licence, options = codec.avcodec_license().decode(), codec.avcodec_configuration().decode().split()
encoders = sorted(file.name for file in files if file.name.startswith(("libx264", "libx265")))
print(licence, encoders, [option for option in options if "x26" in option or "gpl" in option])
assert licence == "LGPL version 3 or later"
assert {"--enable-libx264", "--enable-libx265"} <= set(options)
assert "--enable-gpl" not in options
assert len(encoders) == 2
assert av.CodecContext.create("libx264", "w").codec.name == "libx264"
PYTHON
"$folder/venv/bin/python" "$folder/licence.py"
