# SPDX-License-Identifier: LGPL-3.0-or-later
"""The wire of the chaos suite does what its scenarios rely on."""

import socket
import socketserver
import threading
import time

import pytest

from tests.chaos.wire import Wire
from tools.env.settings import free_port


class Echo(socketserver.BaseRequestHandler):
    """Says what it hears."""

    def handle(self):
        while data := self.request.recv(1024):
            self.request.sendall(data)


@pytest.fixture
def wire():
    """A wire to an echo; yields it."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Wire(("127.0.0.1", free_port()), server.server_address) as made:
        yield made
    server.shutdown()
    server.server_close()


def call(wire):
    return socket.create_connection(wire.near, timeout=20)


def echoed(line, text=b"hello"):
    line.sendall(text)
    return line.recv(1024) == text


def broken(line):
    try:
        return line.recv(1024) == b""
    except ConnectionError:
        return True


def test_it_passes_everything_both_ways(wire):
    with call(wire) as line:
        assert echoed(line)
    assert wire.passed >= 10


def test_cut_breaks_what_is_there_and_what_comes(wire):
    with call(wire) as line:
        assert echoed(line)
        wire.cut()
        assert broken(line)
    with call(wire) as line:
        assert broken(line)
    wire.mend()
    with call(wire) as line:
        assert echoed(line)


def test_silence_keeps_connections_and_passes_nothing(wire):
    with call(wire) as line:
        assert echoed(line)
        wire.silence()
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            echoed(line)
        line.settimeout(20)
        wire.mend()
        assert broken(line), "what fell silent is gone when the line is back"
    with call(wire) as line:
        assert echoed(line)


def test_slow_takes_its_time(wire):
    wire.slow(0.15)
    with call(wire) as line:
        began = time.monotonic()
        assert echoed(line)
        assert time.monotonic() - began > 0.25
