"""Measures the cost of hot words: CPU time of recognition with many of them and without, in one run.

    python -m bench.hot_words

Uses the questions that come with kouyu. Needs the weight set whisper-base.
"""

import time
from pathlib import Path
from typing import Final

import kouyu.bench.questions
from kouyu.audio.wav import read_listening_audio
from kouyu.engines.asr.bias import Bias
from kouyu.engines.asr.decoding import Whisper
from kouyu.engines.asr.task import Task, WhisperOptions
from kouyu.engines.scheduler import CancelToken
from kouyu.weights.cache import folder

ROUNDS: Final = 5
NOTHING: Final = Bias()
MANY: Final = Bias(
    (
        *("Zyrtonix", "Siobhan", "Kaczynski", "Xarelto", "Lipitor", "Nikhil", "Wojcik", "Le Bernardin", "Kouyu"),
        *("Home Assistant", "Jarvis", "扣子", "打开客厅灯", "关闭空调", "明天天气", "张伟", "李娜", "王晓明", "颐和园"),
    )
)


def main() -> None:
    """Recognise each question with and without hot words in turn, and print the ratio."""
    whisper = Whisper(folder("whisper-base"), WhisperOptions())
    spent = {NOTHING: 0.0, MANY: 0.0}
    changed = []
    for file in sorted(Path(kouyu.bench.questions.__file__).parent.glob("*.wav")):
        audio = read_listening_audio(file)
        texts = set()
        for _ in range(ROUNDS):
            for bias in spent:
                begin = time.process_time()
                texts.add(whisper.listen(audio, Task(None, bias, 1, 3), CancelToken()).text)
                spent[bias] += time.process_time() - begin
        if len(texts) > 1:
            changed.append(f"{file.stem}: {' | '.join(sorted(texts))}")
    print(f"{len(MANY.hot_words)} hot words: {spent[MANY] / spent[NOTHING]:.2f} times the processor time of none")
    print("transcripts that they change:", *(changed or ["none"]), sep="\n")


if __name__ == "__main__":
    main()
