"""Coverage-guided fuzzing of what reads foreign bytes: certificates, ClientHellos, terminator logs.

`python -m bench.fuzz_tls --seconds 120 --found FOLDER` needs `pip install atheris` (libFuzzer);
without it nothing is done. Anything but InputError, an input that takes over 5 s, or 1 GB of
memory ends the run and leaves the input in the folder. The first byte chooses the reader.
"""

import argparse
import io
import json
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from simcert.errors import InputError
from simcert.tls import CertificateChain, ServerSettings, catalogue, client_from_hello, predict
from simcert.tls.logs import count_hellos
from simcert.tls.logs_hello import decoded
from simcert.tls.logs_match import Matcher, fingerprint
from tests.tls.cells import AT, HOST, chains, pem, trusted
from tests.tls.recorded import recorded

CLIENTS = ("openssl30", "firefox", "gnutls", "mbedtls2", "go27", "java17")
LOG = (
    b'v2|7|1|a|ok|1.0|192.0.2.1|1|5|0|0|0|TLSv1.3|S|h2|1301C02B|0000000A|001D|0403|0304|"x"\n'
    b'v1|7|1|a|ok|1.0|192.0.2.1|1|5|0|0|0|TLSv1.3|S|h2|3001234567|0000000A|"x"\n'
    b'ng1|1.0|192.0.2.1|17|1|.|TLSv1.3|S|TLS_AES_128_GCM_SHA256:0x00ff|X25519:prime256v1|"x"\n'
)


def certificates(content: bytes) -> None:
    """Read PEM or DER, and predict for some clients if that works."""
    chain = CertificateChain.from_pem(content)
    for name in CLIENTS:
        predict(catalogue()[name], chain, ServerSettings(), trust=trusted(), host=HOST, at=AT)


def hello(content: bytes) -> None:
    """Read a table of a ClientHello, and let that client meet a chain."""
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        return  # not our reader's fault: it takes a table
    client = client_from_hello(table, "curl")
    predict(client, chains()["rsa2048"], trust=trusted(), host=HOST, at=AT)


def log(content: bytes) -> None:
    """Count hellos, decode and match them."""
    matcher = Matcher({name: catalogue()[name] for name in CLIENTS})
    for kind, text in count_hellos(io.BytesIO(content), hellos_max=100).hellos:
        known = decoded(kind, text)
        if known is not None and matcher.match(known) is None:
            fingerprint(known)


READERS = (certificates, hello, log)


def one_input(content: bytes) -> None:
    """Let the reader named by the first byte read the rest; only InputError may leave it."""
    if content:
        with suppress(InputError):
            READERS[content[0] % len(READERS)](content[1:])


def seeds(folder: Path) -> None:
    """Write a corpus of good inputs for every reader."""
    for name, chain in chains().items():
        (folder / f"der_{name}").write_bytes(b"\0" + chain.leaf.der)
    for name in ("cross_expired_root", "rsa2048"):
        (folder / f"pem_{name}").write_bytes(b"\0" + pem(name))
    for name, chain in recorded("combinations").chains.items():
        if chain.leaf.unreadable or name.startswith(("w_", "s_")):
            (folder / f"odd_{name}").write_bytes(b"\0" + chain.leaf.der)
    table = {"ciphers": ["1301", "c02b"], "versions": ["0304"], "sigalgs": ["0403"], "alpn": ["h2"]}
    (folder / "hello").write_bytes(b"\1" + json.dumps(table).encode())
    (folder / "log").write_bytes(b"\2" + LOG)


def main() -> None:
    """Fuzz for a bounded time."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=20)
    arguments.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()))
    options = arguments.parse_args()
    if find_spec("atheris") is None:
        print("atheris is not installed: nothing is fuzzed")
        return
    import atheris

    atheris.instrument_all()
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        limits = [f"-max_total_time={options.seconds}", "-timeout=5", "-rss_limit_mb=1024"]
        flags = ["-max_len=6000", f"-artifact_prefix={options.found}/", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *limits, *flags, corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
