# SPDX-License-Identifier: LGPL-3.0-or-later
"""Certificates of `make run`: who knows the authority trusts the broker."""

import datetime
import socket
import ssl
import threading

import pytest

from tools import certificates

NAMES = ["localhost", "127.0.0.1", "broker"]


@pytest.fixture
def folder(tmp_path):
    certificates.ensure(tmp_path / "tls", NAMES)
    return tmp_path / "tls"


def shake(folder, ca, name):
    """The common name that a client sees after a real handshake."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "broker.pem", folder / "broker.key")
    client = ssl.create_default_context(cafile=ca)
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    theirs.settimeout(5)

    def serve():
        try:
            with server.wrap_socket(theirs, server_side=True) as line:
                line.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as line:
            subject = dict(pair for group in line.getpeercert()["subject"] for pair in group)
            line.send(b"x")
            return subject["commonName"]
    finally:
        ours.close()
        thread.join(5)


@pytest.mark.parametrize("name", NAMES)
def test_trusted_under_each_name(folder, name):
    assert shake(folder, folder / "ca.pem", name) == "localhost"


def test_not_trusted_under_another_name(folder):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(folder, folder / "ca.pem", "elsewhere")


def test_not_trusted_by_who_knows_another_authority(folder, tmp_path):
    certificates.ensure(tmp_path / "other", NAMES)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(folder, tmp_path / "other" / "ca.pem", "localhost")


def test_what_is_good_stays(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert certificates.ensure(folder, NAMES) is False
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_files_of_another_authority_stay(folder, capsys):
    """As docs/operations/compose.md says: put your own into the volume."""
    (folder / "ca.key").unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert certificates.ensure(folder, ["mqtt.example.org"]) is False
    said = capsys.readouterr().err
    year = datetime.date.today() + datetime.timedelta(days=certificates.BROKER_DAYS)
    assert f"until {year.year}" in said and "put ca.key beside ca.pem" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("missing", ["ca.pem", "ca.key"])
def test_half_an_authority_is_not_replaced(folder, missing):
    """Machines know the old one: a new one would shut them all out."""
    for name in (missing, "broker.pem"):
        (folder / name).unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(SystemExit, match="put it back"):
        certificates.ensure(folder, NAMES)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_another_name_makes_a_new_one_of_the_same_authority(folder):
    authority = (folder / "ca.pem").read_bytes()
    assert certificates.ensure(folder, [*NAMES, "mqtt.example.org"])
    assert (folder / "ca.pem").read_bytes() == authority
    assert shake(folder, folder / "ca.pem", "mqtt.example.org") == "localhost"


def test_made_anew_before_it_ends(folder, monkeypatch):
    monkeypatch.setattr(certificates, "RENEW_DAYS", certificates.BROKER_DAYS + 1)
    before = (folder / "broker.pem").read_bytes()
    assert certificates.ensure(folder, NAMES)
    assert (folder / "broker.pem").read_bytes() != before


def test_keys_are_private(folder):
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_it_ends_in_thirteen_months_at_most(folder):
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate((folder / "broker.pem").read_bytes())
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=395) < left < datetime.timedelta(days=398)
