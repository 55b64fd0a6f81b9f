"""Object identifiers that a certificate's fate hangs on, and the words for them."""

from collections.abc import Mapping

SIGNATURES: Mapping[str, tuple[str, str]] = {  # OID -> (public-key algorithm, hash)
    "1.2.840.113549.1.1.2": ("rsa", "md2"),
    "1.2.840.113549.1.1.4": ("rsa", "md5"),
    "1.2.840.113549.1.1.5": ("rsa", "sha1"),
    "1.2.840.113549.1.1.14": ("rsa", "sha224"),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "2.16.840.1.101.3.4.3.13": ("rsa", "sha3-224"),
    "2.16.840.1.101.3.4.3.14": ("rsa", "sha3-256"),
    "2.16.840.1.101.3.4.3.15": ("rsa", "sha3-384"),
    "2.16.840.1.101.3.4.3.16": ("rsa", "sha3-512"),
    "1.2.840.10045.4.1": ("ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    "1.2.840.10040.4.3": ("dsa", "sha1"),
    "2.16.840.1.101.3.4.3.2": ("dsa", "sha256"),
    "1.3.101.112": ("ed25519", "sha512"),
    "1.3.101.113": ("ed448", "shake256"),
    "2.16.840.1.101.3.4.3.17": ("mldsa44", "shake256"),
    "2.16.840.1.101.3.4.3.18": ("mldsa65", "shake256"),
    "2.16.840.1.101.3.4.3.19": ("mldsa87", "shake256"),
}
RSA_PSS = "1.2.840.113549.1.1.10"

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
ANY_POLICY = "2.5.29.32.0"
ANY_PURPOSE = "2.5.29.37.0"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
STEP_UP: Mapping[str, str] = {  # server-gated cryptography of the 1990s
    "netscape": "2.16.840.1.113730.4.1",
    "microsoft": "1.3.6.1.4.1.311.10.3.3",
}
TLS_FEATURE = "1.3.6.1.5.5.7.1.24"
STATUS_REQUEST = 5  # RFC 7633: the feature number of OCSP stapling

NETSCAPE_TYPE = "2.16.840.1.113730.1.1"
EXTENSIONS: Mapping[str, str] = {  # by the names that `Verifier.knows` uses
    "subject_key_id": "2.5.29.14",
    "key_usage": "2.5.29.15",
    "alternative_names": "2.5.29.17",
    "basic_constraints": "2.5.29.19",
    "name_constraints": "2.5.29.30",
    "crl_points": "2.5.29.31",
    "policies": "2.5.29.32",
    "policy_mappings": "2.5.29.33",
    "authority_key_id": "2.5.29.35",
    "policy_constraints": "2.5.29.36",
    "purposes": "2.5.29.37",
    "inhibit_any_policy": "2.5.29.54",
    "authority_access": "1.3.6.1.5.5.7.1.1",
    "tls_feature": TLS_FEATURE,
    "netscape_type": NETSCAPE_TYPE,
    "issuer_alternative_names": "2.5.29.18",
    "netscape_comment": "2.16.840.1.113730.1.13",
    "ocsp_no_check": "1.3.6.1.5.5.7.48.1.5",
}
RARELY_KNOWN = frozenset(  # as critical ones
    {"crl_points", "authority_access", "issuer_alternative_names", "netscape_comment"}
    | {"ocsp_no_check"}
)
