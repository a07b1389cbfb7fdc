#!/bin/sh
# How wetext reads hyphens and grouped numbers in Mandarin.
#
# Expected of a normaliser for speech: a hyphen between a name and its number is not said (GPT-4, F-16), and 1,000,000 is
# one number, 一百万.
# Seen with wetext 0.1.8: the hyphen is a minus (负) after Latin letters, and between numbers before a percent sign
# (减); a grouped number is read group by group; 2 is 两 before 日 and after 第, where people say 二, and 二 before 次
# and 台, where they say 两.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "wetext==0.1.8"
cat >"$folder/read.py" <<'PYTHON'
from wetext import Normalizer

read = Normalizer(lang="zh", operator="tn").normalize
seen = {
    "用GPT-4吧": "用GPT负四吧",
    "一共有1,000,000": "一共有一,零零零,零零零",
    "涨了20-30%": "涨了二十减百分之三十",
    "今天是3月2日": "今天是三月两日",
    "这是第2天": "这是第两天",
    "每天吃2次药": "每天吃二次药",
}
for written, said in seen.items():
    print(written, read(written))
    assert read(written) == said, (written, read(written))
PYTHON
"$folder/venv/bin/python" "$folder/read.py"
