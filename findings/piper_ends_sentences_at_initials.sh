#!/bin/sh
# Where piper-tts ends a sentence inside a name.
#
# Expected: EspeakPhonemizer.phonemize gives one list of phonemes for a text of one sentence, also where it has initials or
# a title, since the abbreviation is not the sentence's end.
# Seen with piper-tts 1.8.0: each initial and each title with its full stop is a sentence of its own, so that
# "J. K. Rowling wrote it." has three and "Mr. Smith met Dr. Jones." has three. A voice then pauses after each, with
# falling pitch. Without the full stops there is one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "piper-tts==1.8.0"
cat >"$folder/initials.py" <<'PYTHON'
from piper.phonemize_espeak import EspeakPhonemizer

phonemizer = EspeakPhonemizer()
found = {
    text: len(phonemizer.phonemize("en-us", text))
    for text in ("J. K. Rowling wrote it.", "Mr. Smith met Dr. Jones.", "J K Rowling wrote it.", "The U.S. Army.")
}
print(found)
assert list(found.values()) == [3, 3, 1, 2], found
PYTHON
"$folder/venv/bin/python" "$folder/initials.py"
