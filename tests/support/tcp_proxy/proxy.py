"""Two threads a connection, one condition that they all obey."""

import contextlib
import socket
import struct
import threading
import time

CHUNK = 64 * 1024
HARD = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


class Proxy:
    """port: where clients connect; it stays the same through down() and heal()."""

    def __init__(self, host, port):
        self.upstream = (host, port)
        self.connections = 0
        self._changed = threading.Condition()
        self._lines = set()
        self._closed = False
        self._forget()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _forget(self):
        self._latency_s = 0.0
        self._stalled = False
        self._replies_lost = False
        self._limit = None
        self._cut_after = None
        self._cuts_left = 0
        self._is_down = False

    # faults

    def latency(self, ms):
        self._set(_latency_s=ms / 1000)

    def stall(self):
        self._set(_stalled=True)

    def lose_replies(self):
        self._set(_replies_lost=True)

    def cut_reply_after(self, pattern, times=1):
        self._set(_cut_after=pattern, _cuts_left=times)

    def limit(self, reply_bytes):
        self._set(_limit=reply_bytes)

    def reset(self):
        with self._changed:
            lines = list(self._lines)
        for line in lines:
            line.reset()

    def down(self):
        """Refuse: new lines are reset at once, as a dead peer's port would."""
        self._set(_is_down=True)
        self.reset()

    def heal(self):
        with self._changed:
            lossy = self._replies_lost
            self._forget()
            self._changed.notify_all()
        if lossy:  # what was swallowed will never come: those lines are useless
            self.reset()

    up = heal

    @property
    def cuts_done(self):
        """Whether every cut asked for by cut_reply_after has happened."""
        return self._cut_after is not None and self._cuts_left == 0

    def stop(self):
        self._closed = True
        self._listener.close()
        self._set(_stalled=False)
        self.reset()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _set(self, **state):
        with self._changed:
            self.__dict__.update(state)
            self._changed.notify_all()

    # traffic

    def _accept(self, listener):
        while not self._closed:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._is_down:
                _close_hard(client)
                continue
            threading.Thread(target=self._open, args=(client,), daemon=True).start()

    def _open(self, client):
        try:
            server = socket.create_connection(self.upstream, timeout=5)
        except OSError:
            _close_hard(client)
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = Line(self, client, server)
        with self._changed:
            self._lines.add(line)
        threading.Thread(target=line.pump_requests, daemon=True).start()
        line.pump_replies()
        with self._changed:
            self._lines.discard(line)

    def _wait_while_stalled(self, line):
        with self._changed:
            while self._stalled and not line.dead:
                self._changed.wait(1.0)

    def _takes_cut(self, data):
        with self._changed:
            if self._cuts_left and self._cut_after in data:
                self._cuts_left -= 1
                return True
            return False


class Line:
    """One client's connection and ours to the upstream."""

    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.client = client
        self.server = server
        self.dead = False
        self.cut = False
        self.replied_bytes = 0

    def pump_requests(self):
        with contextlib.suppress(OSError):
            while data := self.client.recv(CHUNK):
                self.proxy._wait_while_stalled(self)
                if self.proxy._takes_cut(data):
                    self.cut = True
                self.server.sendall(data)
            self.server.shutdown(socket.SHUT_WR)

    def pump_replies(self):
        with contextlib.suppress(OSError):
            while data := self.server.recv(CHUNK):
                self.proxy._wait_while_stalled(self)
                if self.cut or self.dead:
                    break
                if self.proxy._replies_lost:
                    continue
                if self.proxy._latency_s:
                    time.sleep(self.proxy._latency_s)
                limit = self.proxy._limit
                if limit is not None and self.replied_bytes + len(data) > limit:
                    self.client.sendall(data[:max(0, limit - self.replied_bytes)])
                    self.cut = True
                    break
                self.replied_bytes += len(data)
                self.client.sendall(data)
        if self.cut or self.dead:
            _close_hard(self.client)
        else:
            _close(self.client)
        _close(self.server)

    def reset(self):
        """Wakes both pumps, whatever they wait for."""
        self.dead = True
        with self.proxy._changed:
            self.proxy._changed.notify_all()
        _close_hard(self.client)
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)


def _close(end):
    with contextlib.suppress(OSError):
        end.close()


def _close_hard(end):
    """RST. The half shutdown sends nothing; it only wakes the thread that still reads here, and
    with it the last holder of the socket."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)
        end.shutdown(socket.SHUT_RD)
    _close(end)
