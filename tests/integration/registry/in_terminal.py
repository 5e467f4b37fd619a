#!/usr/bin/env python3
"""in_terminal.py PROGRAM ARGUMENT...: run it with a terminal as stdin, stdout
and stderr; print what it wrote, exit as it did (124: it waited for input)."""
import os
import pty
import select
import signal
import sys

pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
output = b""
while True:
    ready, _, _ = select.select([master], [], [], 20)
    if not ready:
        os.kill(pid, signal.SIGKILL)
        sys.exit(124)
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    output += data
sys.stdout.buffer.write(output[:65536])
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
