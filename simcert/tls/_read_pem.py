"""A PEM file, or one DER certificate, in; DER out. What is neither is named for what it is."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path

from simcert.errors import InputError
from simcert.model import given

MAX_FILE_BYTES = 16_000_000
MAX_CERTIFICATES = 400
_BLOCK = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)"
    rb"-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
)
_PKCS7 = bytes.fromhex("2a864886f70d010702")  # signedData, the first field of a bundle in DER
_OTHERS = (  # what people give instead, by what it holds
    (
        re.compile(rb"-----BEGIN (PKCS7|CMS)-----"),
        'is a PKCS#7 bundle; "openssl pkcs7 -print_certs" writes it as PEM',
    ),
    (
        re.compile(rb"-----BEGIN (NEW )?CERTIFICATE REQUEST-----"),
        "holds a request for a certificate; give the chain that the CA sent back",
    ),
    (
        re.compile(rb"-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----"),
        "holds a certificate that is cut off, or has more than base64 between BEGIN and END",
    ),
    (
        re.compile(rb"PRIVATE KEY"),
        "holds a private key but no certificate; give the certificate chain",
    ),
    (re.compile(rb"\A(\xff\xfe|\xfe\xff)|-\x00-\x00"), "is UTF-16 text; save it as UTF-8"),
)


def read_source(source: str | Path | bytes) -> tuple[tuple[bytes, ...], str]:
    """Return the DER of each certificate, and what messages call the source; else InputError."""
    if isinstance(source, bytes):
        content, name = source, "PEM data"
    elif isinstance(source, str | Path):
        content, name = given.read(source, MAX_FILE_BYTES, "give a PEM file"), str(source)
    else:
        raise InputError(f"give a PEM file by its path, or its bytes, not {type(source).__name__}")
    if len(content) > MAX_FILE_BYTES:
        limit = f"more than {MAX_FILE_BYTES} bytes"
        raise InputError(f"{name}: {limit}; no certificate chain is that long")
    return _blocks(content, name), name


def _blocks(content: bytes, name: str) -> tuple[bytes, ...]:
    found = _BLOCK.findall(content)
    if not found and content[:1] == b"\x30":
        return (_single(content, name),)
    if not found:
        raise InputError(f"{name}: {_nothing_found(content)}")
    if len(found) > MAX_CERTIFICATES:
        raise InputError(f"{name}: {len(found)} certificates; at most {MAX_CERTIFICATES} are read")
    return tuple(_decoded(block, name, number) for number, block in enumerate(found, 1))


def _single(content: bytes, name: str) -> bytes:
    """Return DER that may be a certificate: its first field is a sequence (RFC 5280 4.1)."""
    long_form = content[1:2] > b"\x80"
    first = content[2 + (content[1] & 0x7F if long_form else 0) :][:1]
    if _PKCS7 in content[:40]:
        raise InputError(
            f'{name}: is a PKCS#7 bundle; "openssl pkcs7 -inform DER -print_certs" writes it as PEM'
        )
    if first == b"\x02":
        raise InputError(
            f"{name}: is a private key or a PKCS#12 file; "
            '"openssl pkcs12 -nokeys" writes the certificates as PEM'
        )
    return content


def _nothing_found(content: bytes) -> str:
    if not content.strip():
        return "is empty; a chain in PEM was expected, leaf first"
    told = (says for pattern, says in _OTHERS if pattern.search(content))
    return next(told, 'holds no "BEGIN CERTIFICATE" block; give a chain in PEM, leaf first')


def _decoded(block: bytes, name: str, number: int) -> bytes:
    try:
        der = b64decode(b"".join(block.split()), validate=True)
    except (Base64Error, ValueError) as error:
        raise InputError(f"{name}: certificate {number} is not valid base64 ({error})") from error
    if der[:1] != b"\x30":
        fault = "does not begin as a certificate does; are its lines in order?"
        raise InputError(f"{name}: certificate {number} {fault}")
    return der
