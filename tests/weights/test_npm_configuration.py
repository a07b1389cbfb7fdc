from __future__ import annotations

from pathlib import Path

import pytest

from kouyu.weights.errors import FetchFailed
from kouyu.weights.npm_configuration import DEFAULT_REGISTRY, NpmConfiguration, read_configuration


def configured(folder: Path, *, user: str = "", shared: str = "", **environment: str) -> NpmConfiguration:
    (folder / "user").write_text(user)
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc" / "npmrc").write_text(shared)
    files = {"npm_config_userconfig": str(folder / "user"), "npm_config_prefix": str(folder)}
    return read_configuration({**files, **environment})


def test_without_any_configuration_the_registry_is_npms_own(tmp_path: Path) -> None:
    assert configured(tmp_path).registry == DEFAULT_REGISTRY
    assert configured(tmp_path).proxy is None
    assert not configured(tmp_path).trusts_any_certificate


def test_the_environment_comes_before_the_users_file_and_that_before_the_global_one(tmp_path: Path) -> None:
    user, shared = "registry=https://user/", "registry=https://shared/\ncafile=/shared.pem\n"
    assert configured(tmp_path, shared=shared).registry == "https://shared/"
    assert configured(tmp_path, user=user, shared=shared).registry == "https://user/"
    given = configured(tmp_path, user=user, shared=shared, NPM_CONFIG_REGISTRY="https://given")
    assert given.registry == "https://given/"
    assert given.certificates == "/shared.pem"


def test_a_file_is_read_as_npm_reads_it(tmp_path: Path) -> None:
    text = (
        '# mirror\nhttps-proxy = "http://proxy:3128"\nnoproxy=.corp, localhost\nstrict-ssl=false\nca[]=one\nca[]=two\n'
    )
    found = configured(tmp_path, user=text, npm_config_https_proxy="")
    assert found.proxy == "http://proxy:3128"
    assert found.hosts_without_proxy == (".corp", "localhost")
    assert found.trusts_any_certificate
    assert configured(tmp_path, user=text, npm_config_https_proxy="http://other").proxy == "http://other"


@pytest.mark.parametrize(
    ("lines", "url", "header"),
    [
        ("//mirror/npm/:_authToken=abc", "https://mirror/npm/speech", "Bearer abc"),
        ("//mirror/npm/:_authToken=abc", "https://mirror/npm/speech/-/speech-1.0.tgz", "Bearer abc"),
        ("//mirror/npm/:_authToken=${TOKEN}", "https://mirror/npm/speech", "Bearer t0ken"),
        ("//mirror/:_auth=dXNlcjpwYXNz", "https://mirror/npm/speech", "Basic dXNlcjpwYXNz"),
        ("//mirror/:username=user\n//mirror/:_password=cGFzcw==", "https://mirror/speech", "Basic dXNlcjpwYXNz"),
        ("//mirror/npm/:_authToken=abc", "https://mirror/other/speech", None),
        ("//mirror/npm/:_authToken=abc", "https://elsewhere/npm/speech", None),
    ],
)
def test_credentials_are_for_what_lies_below_their_path(
    tmp_path: Path, lines: str, url: str, header: str | None
) -> None:
    assert configured(tmp_path, user=lines, TOKEN="t0ken").authorization(url) == header


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(FetchFailed, match="broken cannot be read"):
        read_configuration({"npm_config_userconfig": str(tmp_path / "broken")})
