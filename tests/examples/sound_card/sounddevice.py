"""A sound card for a machine without one, under the name of the library that examples/python/microphone.py uses.

The microphone gives the 16 kHz WAV file $MICROPHONE once, in real time, and silence before and after; what the
loudspeaker plays goes to the file $LOUDSPEAKER.
"""

import os
import threading
import time
import wave
from typing import Any

PERIOD_S = 0.02


class _Stream:
    def __init__(self, *, samplerate: int, channels: int, dtype: str, callback: Any, blocksize: int = 0) -> None:
        assert (channels, dtype) == (1, "int16")
        self.bytes = int(samplerate * PERIOD_S) * 2
        self.callback = callback
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def __enter__(self) -> "_Stream":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self) -> None:
        start, number = time.monotonic(), 0
        while True:
            self.period()
            number += 1
            time.sleep(max(0.0, start + number * PERIOD_S - time.monotonic()))

    def period(self) -> None:
        raise NotImplementedError


class RawInputStream(_Stream):
    def start(self) -> None:
        with wave.open(os.environ["MICROPHONE"]) as file:
            self.waiting = bytes(self.bytes * 25) + file.readframes(file.getnframes())
        super().start()

    def period(self) -> None:
        frame, self.waiting = self.waiting[: self.bytes], self.waiting[self.bytes :]
        self.callback(frame.ljust(self.bytes, b"\0"), self.bytes // 2, None, None)


class RawOutputStream(_Stream):
    def period(self) -> None:
        out = bytearray(self.bytes)
        self.callback(out, self.bytes // 2, None, None)
        if any(out):
            with open(os.environ["LOUDSPEAKER"], "ab") as file:
                file.write(out)
