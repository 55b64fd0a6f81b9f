"""Certificates, clients, and what happens when they meet; pure."""

from simcert.tls.catalogue import catalogue, mixes
from simcert.tls.certificate import Certificate
from simcert.tls.chain import CertificateChain, TrustStore
from simcert.tls.client import Client
from simcert.tls.explain import explain
from simcert.tls.nearest import client_from_hello
from simcert.tls.prediction import Prediction, predict
from simcert.tls.server import ServerSettings

__all__ = [
    "Certificate",
    "CertificateChain",
    "Client",
    "Prediction",
    "ServerSettings",
    "TrustStore",
    "catalogue",
    "client_from_hello",
    "explain",
    "mixes",
    "predict",
]
