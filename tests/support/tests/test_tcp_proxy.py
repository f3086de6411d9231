"""The fault proxy does what its names say."""

import socket
import threading

import pytest
from tcp_proxy import Proxy


@pytest.fixture
def upstream():
    """An echo server that answers each chunk with itself; yields (host, port, what it received)."""
    listener = socket.create_server(("127.0.0.1", 0))
    received = []

    def serve(line):
        try:
            while data := line.recv(4096):
                received.append(data)
                line.sendall(data)
        except OSError:
            pass

    def accept():
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield (*listener.getsockname(), received)
    listener.close()


@pytest.fixture
def proxy(upstream):
    with Proxy(upstream[0], upstream[1]) as made:
        yield made


def dial(proxy):
    line = socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5)
    line.sendall(b"hello")
    return line


def test_passes_bytes_both_ways(proxy):
    assert dial(proxy).recv(100) == b"hello"


def test_a_stalled_line_is_open_and_silent_until_it_heals(proxy):
    proxy.stall()
    line = dial(proxy)
    with pytest.raises(TimeoutError):
        line.recv(100)
    proxy.heal()
    line.settimeout(3)
    assert line.recv(100) == b"hello"


def test_loses_the_reply_but_delivers_the_request(proxy, upstream):
    proxy.lose_replies()
    with pytest.raises(TimeoutError):
        dial(proxy).recv(100)
    assert upstream[2] == [b"hello"]


def test_cuts_only_the_reply_to_the_named_request(proxy, upstream):
    proxy.cut_reply_after(b"COMMIT")
    line = dial(proxy)
    assert line.recv(100) == b"hello"
    line.sendall(b"COMMIT")
    with pytest.raises(ConnectionResetError):
        assert line.recv(100) is None
    assert upstream[2] == [b"hello", b"COMMIT"]
    assert proxy.cuts_done
    assert dial(proxy).recv(100) == b"hello"


def test_resets_after_so_many_bytes(proxy):
    proxy.limit(3)
    line = dial(proxy)
    assert line.recv(100) == b"hel"
    with pytest.raises(ConnectionResetError):
        line.recv(100)


def test_down_breaks_open_lines_and_refuses_new_ones_until_up(proxy):
    line = dial(proxy)
    assert line.recv(100) == b"hello"
    proxy.down()
    with pytest.raises(OSError):
        if line.recv(100) == b"":
            raise ConnectionResetError
    with pytest.raises(OSError):
        if dial(proxy).recv(100) == b"":
            raise ConnectionResetError
    proxy.up()
    assert dial(proxy).recv(100) == b"hello"
