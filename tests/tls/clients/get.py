"""One request over verified TLS: arguments are the port and the file of roots."""

import socket
import ssl
import sys

context = ssl.create_default_context(cafile=sys.argv[2])
with (
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as raw,
    context.wrap_socket(raw, server_hostname="localhost") as tls,
):
    tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
    tls.recv(100)
