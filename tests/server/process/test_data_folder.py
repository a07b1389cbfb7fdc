"""What a start makes of the token's file that an earlier one has left."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kouyu.server.process.data_folder import DataFolder, DataFolderError, open_data_folder
from kouyu.store.store import Store
from kouyu.store.tokens import Tokens


@pytest.fixture
async def tokens(tmp_path: Path) -> AsyncIterator[Tokens]:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        yield store.tokens


@pytest.mark.parametrize("left", [b"", b"kouyu_nobody\n", b"kouyu_\xff\xfe"], ids=["empty", "unknown", "damaged"])
async def test_a_token_that_is_no_good_is_replaced(tmp_path: Path, tokens: Tokens, left: bytes) -> None:
    (tmp_path / "token").write_bytes(left)
    secret = await DataFolder(tmp_path).access_token(tokens)
    assert await tokens.verify(secret)
    assert await DataFolder(tmp_path).access_token(tokens) == secret


async def test_servers_on_one_database_have_one_token(
    tmp_path: Path, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = DataFolder(tmp_path / "first"), DataFolder(tmp_path / "second")
    secret = await first.access_token(tokens, is_shared=True)
    assert await second.access_token(tokens, is_shared=True) == ""
    assert "kouyu token create" in caplog.text
    assert [token.name for token in await tokens.list()] == ["default"]
    second.token_file.write_text(secret)
    assert await second.access_token(tokens, is_shared=True) == secret
    assert await first.access_token(tokens, is_shared=True) == secret


async def test_tokens_that_were_made_for_further_folders_are_named_and_stay(
    tmp_path: Path, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    await tokens.create("default")
    _, further = await tokens.create("default-2")
    await tokens.create("default-phone")
    (tmp_path / "token").write_text(further)
    assert await DataFolder(tmp_path).access_token(tokens, is_shared=True) == further
    assert "further data folders: default-2. They stay valid" in caplog.text


async def test_a_token_file_that_cannot_be_read_is_reported(tmp_path: Path, tokens: Tokens) -> None:
    (tmp_path / "token").mkdir()
    with pytest.raises(DataFolderError, match="token: cannot be read: Is a directory"):
        await DataFolder(tmp_path).access_token(tokens)


async def test_a_token_file_that_cannot_be_written_is_reported(tmp_path: Path, tokens: Tokens) -> None:
    (tmp_path / "token.new").mkdir()
    with pytest.raises(DataFolderError, match="token: cannot be written: Is a directory"):
        await DataFolder(tmp_path).access_token(tokens)


def test_others_lose_their_access_to_a_folder_that_was_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with open_data_folder(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "mode 755" in caplog.text
