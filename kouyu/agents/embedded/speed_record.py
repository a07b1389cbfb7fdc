"""Remembers how fast each model works on this machine, so that it is measured once.

The file lies beside the weights: it can be made anew at any time, and is about them. It holds one machine, by its
identity: a folder of weights that moves to another machine is measured again, as are the models of a newer kouyu.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from kouyu.agents.embedded.machine import machine_identity
from kouyu.agents.embedded.model import Speed
from kouyu.agents.embedded.tiers import TIERS, TierName
from kouyu.weights import cache

log = logging.getLogger(__name__)

FILE_NAME: Final = "language-model-speed.json"


_WEIGHTS: Final = tuple(each.weights for each in TIERS)


class _Record(msgspec.Struct, frozen=True):
    machine: str
    weights: tuple[str, ...]
    """Of the tiers that were measured: other files have other speeds."""
    threads: int
    """Of the settings, 0: as many as each tier gains from."""
    speeds: dict[TierName, Speed]


def measured_speeds(threads: int = 0) -> Mapping[TierName, Speed]:
    """The speeds that were measured on this machine with this setting of ``threads``, by tier."""
    try:
        record = msgspec.json.decode(_path().read_bytes(), type=_Record)
    except (OSError, msgspec.DecodeError):
        return {}
    here = (machine_identity(), _WEIGHTS, threads)
    return record.speeds if (record.machine, record.weights, record.threads) == here else {}


def remember(tier: TierName, speed: Speed, threads: int = 0) -> None:
    """Keep a measured speed. Where the folder cannot be written, it is measured again at the next start."""
    record = _Record(machine_identity(), _WEIGHTS, threads, {**measured_speeds(threads), tier: speed})
    path = _path()
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        new.write_bytes(msgspec.json.encode(record))
        new.replace(path)
    except OSError as error:
        log.info("the speed of the language model cannot be kept: %s", error)


def _path() -> Path:
    return cache.root() / FILE_NAME
