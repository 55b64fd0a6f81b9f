"""Run simcert in a terminal of 80 columns and print what a person would have seen, frame by frame.

Run as `python -m tests.cli.terminal COMMAND...`: to fork a process with threads is to ask for
trouble, and a test run has many.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
SIZE = struct.pack("HHHH", 24, 80, 0, 0)


def seen(arguments: list[str]) -> tuple[str, int]:
    """Return all that was drawn, without colours and movements, and the exit code."""
    pid, end = pty.fork()
    if pid == 0:
        from simcert.cli.main import main

        fcntl.ioctl(1, termios.TIOCSWINSZ, SIZE)
        main(arguments)
    drawn = b""
    try:
        while block := os.read(end, 65_536):
            drawn += block
    except OSError:  # Linux says so when the other side has closed
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return CONTROL.sub("", drawn.decode()).replace("\r", "\n"), code


if __name__ == "__main__":
    text, code = seen(sys.argv[1:])
    sys.stdout.write(text)
    sys.exit(code)
