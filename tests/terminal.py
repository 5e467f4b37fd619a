"""A terminal to run a command in, for tests and pictures: a pty whose bytes go
through python3-pyte, so that what the screen shows can be asked."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from xml.sax.saxutils import escape

import pyte

COLOURS = {"default": "#d8dee9", "blue": "#81a1c1", "red": "#e06c75",
           "brown": "#e5c07b", "green": "#98c379"}
CHAR_WIDTH, LINE_HEIGHT, MARGIN = 8.43, 18, 12


class Terminal:
    """Runs argv; its screen is self.screen, all its bytes self.bytes."""

    def __init__(self, argv, rows=24, columns=80, env=None):
        self.screen = pyte.HistoryScreen(columns, rows, history=10000)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            full = {**os.environ, "TERM": "xterm-256color", **(env or {})}
            self._set_size(0, rows, columns)
            os.execvpe(argv[0], argv, full)
        self._set_size(self.fd, rows, columns)

    @staticmethod
    def _set_size(fd, rows, columns):
        fcntl.ioctl(fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        self._set_size(self.fd, rows, columns)

    def send(self, text):
        os.write(self.fd, text.encode())

    def _read(self, seconds):
        """False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: the last process has closed it
            data = b""
        self.bytes += data
        self.stream.feed(data)
        return data != b""

    def wait(self, wanted, seconds=20):
        """Until wanted(lines); a list of the screen's lines."""
        end = time.monotonic() + seconds
        while not wanted(self.lines()):
            assert time.monotonic() < end, \
                "the screen never came to that:\n" + self.text()
            alive = self._read(0.05)
            assert alive or wanted(self.lines()), \
                "it ended before the screen came to that:\n" + self.text()
        return self.lines()

    def idle(self, seconds):
        """Let it go on for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.05)

    def shows(self, text, seconds=20):
        return self.wait(lambda lines: any(text in l for l in lines), seconds)

    def finish(self, seconds=60):
        """Its exit status; everything was read then."""
        end = time.monotonic() + seconds
        while self._read(0.05):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError("it does not end:\n" + self.text())
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    def scrolled(self):
        """Lines that left the screen at its top."""
        return ["".join(line[x].data for x in range(self.screen.columns))
                .rstrip() for line in self.screen.history.top]

    def svg(self):
        """The screen as a picture."""
        width = self.screen.columns * CHAR_WIDTH + 2 * MARGIN
        height = self.screen.lines * LINE_HEIGHT + 2 * MARGIN
        out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" '
               'height="%d">' % (width, height),
               '<rect width="100%" height="100%" rx="6" fill="#2e3440"/>',
               '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
               'font-size="14" xml:space="preserve">']
        for y in range(self.screen.lines):
            out += self._svg_runs(y)
        return "\n".join(out + ["</g>", "</svg>", ""])

    def _svg_runs(self, y):
        row = self.screen.buffer[y]
        x = 0
        while x < self.screen.columns:
            end = x
            while end < self.screen.columns and row[end].fg == row[x].fg:
                end += 1
            text = "".join(row[i].data for i in range(x, end)).rstrip()
            if text:
                yield ('<text x="%.1f" y="%d" fill="%s" textLength="%.1f">%s'
                       '</text>' % (MARGIN + x * CHAR_WIDTH,
                                    MARGIN + y * LINE_HEIGHT + 13,
                                    COLOURS.get(row[x].fg, "#d8dee9"),
                                    len(text) * CHAR_WIDTH, escape(text)))
            x = end
