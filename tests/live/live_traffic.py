"""Clients for tests: one full handshake and one request each, every one from its own address.

`python traffic.py PORT HOST ROOT_A BOTH_ROOTS BLIND_SHARE RATE` runs until it is told to stop, and
then prints how many connections it made and how many failed.
"""

import itertools
import random
import signal
import socket
import ssl
import sys
import threading
import time

THREADS = 4


class Clients:
    def __init__(self, arguments: list[str]) -> None:
        self.port, self.host = int(arguments[0]), arguments[1]
        self.blind, self.seeing = (self.context(path) for path in arguments[2:4])
        self.share, self.pause_s = float(arguments[4]), THREADS / float(arguments[5])
        self.number = itertools.count()
        self.made = self.failed = 0
        self.stop = threading.Event()
        self.lock = threading.Lock()

    def context(self, roots: str) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=roots)

    def run(self) -> None:
        at, rng = time.monotonic(), random.Random()
        while not self.stop.is_set():
            self.connect(next(self.number))
            at += rng.expovariate(1.0 / self.pause_s)
            time.sleep(max(at - time.monotonic(), 0.0))

    def connect(self, i: int) -> None:
        blind = random.Random(i).random() < self.share  # its address says nothing about it
        context = self.blind if blind else self.seeing
        source = f"127.{1 + i // 62_500 % 250}.{1 + i // 250 % 250}.{1 + i % 250}"
        try:
            raw = socket.create_connection(("127.0.0.1", self.port), 5.0, (source, 0))
            with raw, context.wrap_socket(raw, server_hostname=self.host) as link:
                link.sendall(b"GET / HTTP/1.1\r\nHost: demo.test\r\nConnection: close\r\n\r\n")
                fine = link.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            fine = False
        with self.lock:
            self.made += 1
            self.failed += not fine


def main() -> None:
    clients = Clients(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: clients.stop.set())
    threads = [threading.Thread(target=clients.run) for _ in range(THREADS)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    sys.stdout.write(f"{clients.made} {clients.failed}\n")


if __name__ == "__main__":
    main()
