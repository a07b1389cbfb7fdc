#!/bin/sh
# How hibari-tts reads short words that end a sentence.
#
# Expected: the last word of "I said no." is spoken as "no", and that of "We looked at the Sun." as "Sun": behind a full stop
# at the end of a text nothing follows that an abbreviation could stand before.
# Seen with hibari-tts 0.2.1: the normalisation in front of its phonemes takes both for abbreviations: "I said no." has the
# phonemes of "I said number.", and "We looked at the Sun." those of "We looked at the Sunday." "Gen Z is here." is
# "General Z". With an exclamation mark, or with normalize_text=False, the words are themselves.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "hibari-tts==0.2.1"
cat >"$folder/words.py" <<'PYTHON'
from hibari.g2p import G2P

phonemes = G2P()
for text, said in (
    ("I said no.", "I said number."),
    ("We looked at the Sun.", "We looked at the Sunday."),
    ("Gen Z is here.", "General Z is here."),
):
    print(text, "->", phonemes(text))
    assert phonemes(text) == phonemes(said), text
    assert phonemes(text, normalize_text=False) != phonemes(text), text
assert phonemes("I said no!") == phonemes("I said no!", normalize_text=False)
PYTHON
"$folder/venv/bin/python" "$folder/words.py"
