"""A short piece of `make fuzz`: whatever is sent, the server answers it by the rules, and serves others meanwhile."""

import random
from pathlib import Path

import pytest

from bench.fuzz.findings import Findings
from bench.fuzz.report import FuzzReport
from bench.fuzz.run import FuzzOptions, fuzz, tracebacks
from bench.fuzz.sounds import Sounds
from bench.fuzz.uplink_cases import UplinkCases
from bench.fuzz.values import Values
from kouyu.audio.uplink_decoding import open_decoder
from kouyu.domain.configuration import InputAudio
from kouyu.protocol.coze.configuration_schema import configuration_schema


def cases(seed: int) -> UplinkCases:
    seeded = random.Random(seed)
    return UplinkCases(Values(seeded, 1000), configuration_schema(), Sounds(seeded, 1000), "http://127.0.0.1:9/files")


@pytest.mark.models
@pytest.mark.slow
async def test_whatever_is_sent_is_answered_and_the_client_beside_it_gets_its_answers() -> None:
    report = await fuzz(FuzzOptions(seed=7, events=150, clients=1, largest=2000, endless_s=1.0))
    assert not report.server_died
    assert report.tracebacks == []
    assert report.faults == []
    assert sum(report.sent.values()) >= 150
    assert len(report.sent) >= 20
    assert report.calm is not None
    assert report.calm.lost == 0
    assert report.calm.answers
    assert report.server is not None
    assert report.server.callbacks > 1000
    assert report.server.ingest is not None


def test_a_seed_always_gives_the_same_cases() -> None:
    one, same, other = cases(1), cases(1), cases(2)
    messages = [one.next().message for _ in range(100)]
    assert messages == [same.next().message for _ in range(100)]
    assert messages != [other.next().message for _ in range(100)]


def test_the_ogg_stream_of_tiny_packets_is_one_that_the_server_decodes() -> None:
    stream = Sounds(random.Random(1), 4000).tiny_packets(b"\xf8", 3000)
    decoder = open_decoder(InputAudio(format="ogg", codec="opus"))
    assert len(decoder.feed(stream)) > 1000
    decoder.close()


def test_a_run_has_failed_when_anything_was_wrong() -> None:
    findings = Findings()
    findings.fault("a message", "no error event", "x" * 1000)
    report = FuzzReport(
        seed=1,
        seconds=1.0,
        sent={},
        faults=findings.faults,
        fault_count=1,
        server_died=False,
        server=None,
        calm=None,
        tracebacks=[],
        held=[],
    )
    assert report.failed
    assert report.faults[0].startswith("a message: no error event; sent 1000 characters: 'xxx")


def test_tracebacks_are_found_in_a_log(tmp_path: Path) -> None:
    log = "1 INFO kouyu: all well\n2 ERROR kouyu: broke\nTraceback (most recent call last):\n  File\nValueError: no"
    assert len(tracebacks(log)) == 1
    assert "ValueError: no" in tracebacks(log)[0]
    assert tracebacks("1 WARNING kouyu: a sentence was not spoken") == []
