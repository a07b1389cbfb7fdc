#!/bin/sh
# How damga reads an American telephone number, and that it cannot be installed on the newest Python.
#
# Expected: "555-1234" after "Call" is said digit by digit; and 2h 30m is a duration.
# Seen with damga 1.0.5, lang="en": the number is a range of two cardinals, the duration has metres in it. There are wheels
# for CPython 3.9 to 3.13 and no source distribution, so pip finds nothing for 3.14.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "damga==1.0.5"
if "$folder/venv/bin/pip" download --quiet --no-deps --only-binary=:all: --python-version 3.14 --dest "$folder" \
    --platform manylinux2014_x86_64 "damga==1.0.5" 2>/dev/null; then
    echo "there is a wheel for Python 3.14 now"
    exit 1
fi
cat >"$folder/read.py" <<'PYTHON'
from damga import TextNormalizer

read = TextNormalizer(lang="en").normalize
for written in ("Call 555-1234.", "It took 2h 30m."):
    print(written, read(written))
assert read("Call 555-1234.") == "Call five hundred and fifty five to twelve thirty four."
assert "meters" in read("It took 2h 30m.")
PYTHON
"$folder/venv/bin/python" "$folder/read.py"
