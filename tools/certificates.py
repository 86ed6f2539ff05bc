# SPDX-License-Identifier: LGPL-3.0-or-later
"""A certificate authority of one's own and a broker's certificate, for trials and small networks.

python -m tools.certificates FOLDER NAME...   writes ca.pem, ca.key, broker.pem, broker.key

What is there, fits the names and lasts another 30 days stays. The authority is made once: machines
know it by its certificate. Where ca.pem, broker.pem and broker.key are there and ca.key is not,
the broker's certificate stays as it is, and it is said when it ends. Where else only one file of an
authority is there nothing is made: every machine would have to learn another one.
"""

import datetime
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS, BROKER_DAYS, RENEW_DAYS = 3650, 397, 30


def main():
    """Make what is missing."""
    folder, *names = sys.argv[1:]
    ensure(Path(folder), names)


def ensure(folder, names):
    """Have valid files in `folder`; `names` are host names and addresses of the broker.

    Returns whether the broker's certificate was made anew.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _is_foreign(folder):
        _say_end(folder)
        return False
    authority, key = _authority(folder)
    path = folder / "broker.pem"
    if path.exists() and _is_fine(
        x509.load_pem_x509_certificate(path.read_bytes()), authority, names
    ):
        return False
    own = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(names[0], own.public_key(), authority.subject, key, names)
    _write(folder / "broker.key", _pem(own))
    _write(path, certificate.public_bytes(serialization.Encoding.PEM))
    return True


def _is_foreign(folder):
    given = ("ca.pem", "broker.pem", "broker.key")
    return all((folder / name).exists() for name in given) and not (folder / "ca.key").exists()


def _say_end(folder):
    """Whoever wanted a new one reads why there is none; everybody, how long it is good."""
    path = folder / "broker.pem"
    ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    print(
        f"{path} is good until {ends:%Y-%m-%d} and stays: ca.key is not here. To have it made "
        "anew, put ca.key beside ca.pem; if another authority made it, ask that one.",
        file=sys.stderr,
    )


def _authority(folder):
    paths = folder / "ca.pem", folder / "ca.key"
    if all(path.exists() for path in paths):
        key = serialization.load_pem_private_key(paths[1].read_bytes(), None)
        return x509.load_pem_x509_certificate(paths[0].read_bytes()), key
    for there, missing in (paths, paths[::-1]):
        if there.exists():
            raise SystemExit(
                f"{there} is there and {missing.name} is not: put it back beside it. Another "
                f"authority would shut out every machine that knows this one; if you want that, "
                f"move {there.name} away."
            )
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Wine machines, own authority")
    certificate = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(paths[1], _pem(key))
    _write(paths[0], certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _certificate(common, public, issuer, key, names):
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        _builder(_name(common), issuer, public, BROKER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(subject, issuer, public, days):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(**given):
    kinds = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{kind: given.get(kind, False) for kind in kinds})


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternatives(names):
    found = []
    for name in dict.fromkeys(names):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _is_fine(certificate, authority, names):
    """Whether it lasts, is of this authority and holds all names."""
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    if left < datetime.timedelta(days=RENEW_DAYS) or certificate.issuer != authority.subject:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001 - whatever is wrong, a new one is made
        return False
    there = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(_alternatives(names)) <= set(there)


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path, content):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main()
