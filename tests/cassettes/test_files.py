"""Cassettes are written and read without loss, and a broken one says where."""

import json
from pathlib import Path

import pytest

from kouyu.cassettes.events import message_of
from kouyu.cassettes.format import Close, Header, Opening, Piece
from kouyu.cassettes.importing import NotASession, import_session
from kouyu.cassettes.reading import UnreadableCassette, read_cassette
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter, NotEmpty

TRACES = Path(__file__).parents[1] / "traces"
AUDIO = '{"event_type":"conversation.audio.delta","data":{"content":"AAEC"}}'
APPEND = '{"event_type": "input_audio_buffer.append", "data": {"delta": "AAEC"}}'


def writer(folder: Path, *, keep_voice: bool = True) -> CassetteWriter:
    return CassetteWriter(folder, Header(), Secrets(), keep_voice=keep_voice)


def test_what_the_server_said_is_given_back_letter_by_letter(tmp_path: Path) -> None:
    said: list[str | bytes] = [
        AUDIO,
        '{"event_type":"a","data":{"x":1.0,"y":10000000000000000000000,"text":"你好 \\u2028"}}',
        '{"event_type": "spaces", "data": {}}',
        '{"event_type":"escapes","data":{"text":"\\u003c\\ud83d"}}',
        "no JSON",
        b"\x00\x01",
        b'{"event_type":"binary"}',
    ]
    connection = writer(tmp_path / "made").connection(Opening(path="/v1/chat"))
    for message in said:
        connection.message(0.5, "server", message)
    connection.end(1.0, "server", Close(1000))
    connection.close()
    (read,) = read_cassette(tmp_path / "made").connections
    assert [message_of(entry, read.audio) for entry in read.entries[:-1]] == said
    assert read.entries[-1].close == Close(1000)


def test_the_users_audio_is_kept_or_its_amount_alone(tmp_path: Path) -> None:
    for keep in (True, False):
        folder = tmp_path / str(keep)
        connection = writer(folder, keep_voice=keep).connection(Opening(path="/v1/chat"))
        connection.message(0.0, "server", AUDIO)
        connection.message(0.0, "client", APPEND)
        connection.close()
        (read,) = read_cassette(folder).connections
        assert read.audio == (b"\0\1\2\0\1\2" if keep else b"\0\1\2")
        assert read.entries[1].audio == (Piece(bytes=3, offset=3) if keep else Piece(bytes=3))
        assert "AAEC" not in (folder / "connection-0001.jsonl").read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no JSON", "connection-0001.jsonl, line 2: Expecting value"),
        ('{"from":"server","event":{}}', "line 2: Object missing required field `at`"),
        ('{"at":1,"from":"cat","event":{}}', "line 2: Invalid enum value 'cat'"),
        ('{"at":1,"from":"server"}', "line 2: exactly one of event, text, binary and close is needed"),
        (
            '{"at":1,"from":"server","binary":{"bytes":3,"offset":9}}',
            "beyond the end of connection-0001.audio (0 bytes)",
        ),
        ('{"at":1,"from":"server","binary":{"bytes":10000000000000}}', "line 2: Expected `int` <= 268435456"),
        ('{"at":1,"from":"server","binary":{"bytes":-1}}', "line 2: Expected `int` >= 0"),
        ('{"at":1,"from":"server","binary":{"bytes":1,"offset":-1}}', "line 2: Expected `int` >= 0"),
    ],
)
def test_a_broken_line_is_named(line: str, said: str, tmp_path: Path) -> None:
    writer(tmp_path / "made").connection(Opening(path="/v1/chat")).close()
    with (tmp_path / "made" / "connection-0001.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UnreadableCassette) as caught:
        read_cassette(tmp_path / "made")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 42},
        {"status": 200, "answer_headers": {"X-A": "one\r\nX-B: two"}},
        {"status": 200, "answer_headers": {"X A": "one"}},
        {"status": 200, "answer_headers": {"X-A": "你"}},
        {"status": 200, "answer_body": {"file": "../outside.bin"}},
        {"status": 200, "answer_body": {"file": "answer\0.bin"}},
    ],
    ids=str,
)
def test_an_answer_that_no_server_can_give_is_named(answer: dict[str, object], tmp_path: Path) -> None:
    writer(tmp_path / "made").close()
    line = json.dumps({"at": 0.0, "method": "GET", "path": "/", **answer})
    (tmp_path / "made" / "requests.jsonl").write_text(line + "\n")
    with pytest.raises(UnreadableCassette, match=r"requests\.jsonl, line 1: "):
        read_cassette(tmp_path / "made")


def test_a_folder_that_is_no_cassette_and_a_newer_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCassette, match=r"is no cassette: it has no cassette\.json"):
        read_cassette(tmp_path)
    (tmp_path / "cassette.json").write_text('{"format": "kouyu cassette", "version": 2}')
    with pytest.raises(UnreadableCassette, match="format version 2; this kouyu reads up to 1: install a newer one"):
        read_cassette(tmp_path)


def test_a_cassette_is_never_written_over(tmp_path: Path) -> None:
    writer(tmp_path / "made").close()
    writer(tmp_path / "made").connection(Opening(path="/v1/chat")).close()  # nothing was in it before
    with pytest.raises(NotEmpty, match="is a cassette already"):
        writer(tmp_path / "made")


def test_recorded_sessions_are_imported_with_their_times_and_spelling(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (TRACES / "typed_question.jsonl").read_text().splitlines()]
    lines = tmp_path / "trace.txt"  # the same in the form of coze-go's test data
    texts = [json.dumps(row["event"], ensure_ascii=False, separators=(",", ":")) for row in rows]
    lines.write_text("".join(f"{row['direction']}\n{text}\n" for row, text in zip(rows, texts, strict=True)))
    for file in (TRACES / "typed_question.jsonl", lines):
        folder = tmp_path / file.name.partition(".")[0]
        import_session(file, writer(folder))
        (read,) = read_cassette(folder).connections
        assert read.opening.path == "/v1/chat"
        assert [message_of(entry, read.audio) for entry in read.entries] == texts
        assert (read.entries[0].at, read.entries[1].at) == (0.0, 0.099)
        assert [entry.at for entry in read.entries] == sorted(entry.at for entry in read.entries)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("send\n{", "line 2: neither send, receive nor JSON"),
        ('{"event_type":"chat.created"}', "line 1: no direction"),
        ('send\n{"event_type":"a"}', "says which endpoint this is"),
    ],
)
def test_a_file_that_is_no_session_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text(text)
    with pytest.raises(NotASession) as caught:
        import_session(tmp_path / "trace.txt", writer(tmp_path / "made"))
    assert said in str(caught.value)
