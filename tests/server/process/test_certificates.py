"""The local authority and its certificate: made once, kept, renewed when they must be."""

import datetime
import ipaddress
import socket
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from kouyu.server.process import certificates
from kouyu.server.process.certificates import CertificateError, Certificates, local_certificate, own_certificate


def handshake(found: Certificates, name: str, trusted: Path, *, ciphers: str = "") -> None:
    """A TLS handshake of a client that trusts ``trusted`` and asks for ``name``. Raises what the client would.

    ``ciphers``: those of a client that knows TLS 1.2 alone, as OpenSSL names them.
    """
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(found.certificate, found.key)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=str(trusted))
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    client = context.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, server, client, server):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue


def names_in(path: Path) -> set[str]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "voice.example.org"])
def test_clients_that_trust_the_authority_trust_the_server(tmp_path: Path, name: str) -> None:
    found = local_certificate(tmp_path, ["voice.example.org"])
    assert found.authority
    assert found.bundle
    handshake(found, name, found.authority)
    handshake(found, name, found.bundle)


def test_a_client_that_knows_rsa_alone_is_served_with_an_rsa_certificate(tmp_path: Path) -> None:
    usual, for_devices = local_certificate(tmp_path, []), local_certificate(tmp_path, [], "rsa")
    assert usual.authority
    assert for_devices.authority
    with pytest.raises(ssl.SSLError):
        handshake(usual, "localhost", usual.authority, ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    handshake(for_devices, "localhost", for_devices.authority, ciphers="ECDHE-RSA-AES128-GCM-SHA256")


def test_changing_the_type_of_key_and_back_keeps_the_authority_that_clients_trust(tmp_path: Path) -> None:
    before = local_certificate(tmp_path, []).authority
    assert before
    trusted = before.read_bytes()
    local_certificate(tmp_path, [], "rsa")
    assert local_certificate(tmp_path, []).authority == before
    assert before.read_bytes() == trusted


def test_another_name_is_not_trusted(tmp_path: Path) -> None:
    found = local_certificate(tmp_path, [])
    assert found.authority
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(found, "evil.example.org", found.authority)


def test_another_authority_is_not_trusted(tmp_path: Path) -> None:
    found, other = local_certificate(tmp_path / "a", []), local_certificate(tmp_path / "b", [])
    assert other.authority
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(found, "localhost", other.authority)


def test_private_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    local_certificate(tmp_path, [])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes.pop("ca-key.pem") == 0o600
    assert modes.pop("server-key.pem") == 0o600
    assert set(modes) == {"ca.pem", "ca-bundle.pem", "server.pem"}


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    local_certificate(tmp_path, ["voice.example.org"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    local_certificate(tmp_path, ["voice.example.org"])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_bundle_does_not_grow_out_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = local_certificate(tmp_path, [])
    assert found.bundle
    before = found.bundle.read_bytes()
    monkeypatch.setenv("SSL_CERT_FILE", str(found.bundle))  # a shell that obeyed the trust line
    local_certificate(tmp_path, [])
    assert found.bundle.read_bytes().count(b"BEGIN CERT") <= before.count(b"BEGIN CERT")
    assert found.authority
    assert found.authority.read_bytes() in found.bundle.read_bytes()


def test_new_names_give_a_new_certificate_under_the_same_authority(tmp_path: Path) -> None:
    first = local_certificate(tmp_path, [])
    assert first.authority
    authority = first.authority.read_bytes()
    second = local_certificate(tmp_path, ["10.0.0.7", "voice.example.org"])
    assert names_in(second.certificate) == {
        "localhost", "127.0.0.1", "::1", socket.gethostname(), "10.0.0.7", "voice.example.org",
    }  # fmt: skip
    assert first.authority.read_bytes() == authority


def test_an_unspecified_address_is_no_name(tmp_path: Path) -> None:
    names = names_in(local_certificate(tmp_path, ["0.0.0.0", "::"]).certificate)
    assert not {str(ipaddress.ip_address("0.0.0.0")), "::"} & names


def test_a_certificate_is_renewed_before_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "CERTIFICATE_LIFETIME", datetime.timedelta(days=20))
    old = local_certificate(tmp_path, []).certificate.read_bytes()
    monkeypatch.undo()
    assert local_certificate(tmp_path, []).certificate.read_bytes() != old


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server-key.pem", "ca-key.pem"])
def test_a_damaged_file_is_made_again(tmp_path: Path, name: str) -> None:
    local_certificate(tmp_path, [])
    (tmp_path / name).write_bytes(b"not a PEM file")
    found = local_certificate(tmp_path, [])
    assert found.authority
    handshake(found, "localhost", found.authority)


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_a_new_authority_that_must_be_trusted_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    local_certificate(tmp_path, [])
    assert not caplog.records
    (tmp_path / name).write_bytes(b"")
    local_certificate(tmp_path, [])
    assert "clients have to trust its new one" in caplog.text


def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "tls").write_bytes(b"")
    with pytest.raises(CertificateError, match=r"tls: cannot be used: File exists"):
        local_certificate(tmp_path / "tls", [])


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    local_certificate(tmp_path, [])
    (tmp_path / "server.pem").unlink()
    (tmp_path / "server.pem").mkdir()
    with pytest.raises(CertificateError, match=r"server\.pem: cannot be used: Is a directory"):
        local_certificate(tmp_path, [])


def test_a_certificate_of_the_users_own_that_has_expired_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(certificates, "CERTIFICATE_LIFETIME", datetime.timedelta(hours=1))  # a day ago
    made = local_certificate(tmp_path, [])
    own_certificate(made.certificate, made.key)
    assert "clients will refuse it" in caplog.text


def test_the_trust_line_names_the_bundle_for_python_and_the_authority_for_node(tmp_path: Path) -> None:
    found = local_certificate(tmp_path / "with space", [])
    assert found.trust_line == (f"export SSL_CERT_FILE='{found.bundle}' NODE_EXTRA_CA_CERTS='{found.authority}'")


def test_a_certificate_of_the_users_own_is_taken_as_it_is(tmp_path: Path) -> None:
    made = local_certificate(tmp_path, [])
    own = own_certificate(made.certificate, made.key)
    assert own.authority is None
    assert own.trust_line == ""


def test_two_files_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    one, other = local_certificate(tmp_path / "a", []), local_certificate(tmp_path / "b", [])
    with pytest.raises(CertificateError, match="not a certificate and its key"):
        own_certificate(one.certificate, other.key)
    with pytest.raises(CertificateError, match="no such file"):
        own_certificate(tmp_path / "missing.pem", one.key)
