"""A client of gRPC made of frames by hand, for what a well-behaved client never does.

It reads only when it is told to, grants only the room that it is told to, and answers pings only where a test
wants that. One connection; not for several threads.
"""

import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
CANCEL = 8
INITIAL_WINDOW_SIZE = 4
WINDOW_BYTES_MAX = (1 << 31) - 1


def literal(name, value):
    """A header that is not to be indexed, spelled out; texts below 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request_head(path):
    pairs = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", path.encode()), (b":authority", b"keel"),
             (b"te", b"trailers"), (b"content-type", b"application/grpc"))
    return b"".join(literal(name, value) for name, value in pairs)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Connection:
    def __init__(self, member, receive_bytes=None):
        host, port = member.endpoint.split(":")
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect((host, int(port)))
        self.socket.settimeout(30)
        self.buffer = b""
        self.messages = b""
        self.room = {0: 65535}
        self.stream_room = None

    def close(self):
        self.socket.close()

    def begin(self, window_bytes=65535):
        """The preface and our settings; the server's are acknowledged unseen."""
        settings = struct.pack(">HI", INITIAL_WINDOW_SIZE, window_bytes)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(SETTINGS, ACK, 0))

    def call(self, stream, path, message, ends=False):
        """Begins a call, whose request goes on unless it ends."""
        body = b"\0" + struct.pack(">I", len(message)) + message
        flags = END_STREAM if ends else 0
        self.socket.sendall(frame(HEADERS, END_HEADERS, stream, request_head(path)) + frame(DATA, flags, stream, body))

    def reset(self, streams):
        """Gives all of them up in one piece."""
        self.socket.sendall(b"".join(frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)) for stream in streams))

    def grant(self, stream, size_bytes):
        update = struct.pack(">I", size_bytes)
        self.socket.sendall(frame(WINDOW_UPDATE, 0, 0, update) + frame(WINDOW_UPDATE, 0, stream, update))

    def _take_update(self):
        """Reads a frame, for the room that it may give."""
        kind, flags, stream, payload = self.read_frame()
        if kind == WINDOW_UPDATE:
            self.room[stream] = self.room.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind == SETTINGS and not flags & ACK:
            settings = {payload[i:i + 2]: payload[i + 2:i + 6] for i in range(0, len(payload), 6)}
            window = settings.get(struct.pack(">H", INITIAL_WINDOW_SIZE), struct.pack(">I", 65535))
            self.stream_room = int.from_bytes(window, "big")
        elif kind == GOAWAY:
            raise EOFError(f"the server has enough: {payload!r}")
        return kind, stream

    def begin_request(self, stream, path, announced, sent):
        """Of a message of `announced` bytes so many, as the windows allow; False if the call was ended before."""
        self.socket.sendall(frame(HEADERS, END_HEADERS, stream, request_head(path)))
        rest = b"\0" + struct.pack(">I", announced) + b"x" * sent
        while self.stream_room is None:
            self._take_update()
        self.room[stream] = self.room.get(stream, 0) + self.stream_room
        while rest:
            size = min(len(rest), self.room[0], self.room[stream], 16384)
            if size > 0:
                self.socket.sendall(frame(DATA, 0, stream, rest[:size]))
                self.room[0] -= size
                self.room[stream] -= size
                rest = rest[size:]
                continue
            if self._take_update() in ((HEADERS, stream), (RST_STREAM, stream)):
                return False
        return True

    def _take(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("the server has closed the connection")
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_frame(self):
        """(kind, flags, stream, payload) of the next frame."""
        head = self._take(9)
        length = int.from_bytes(head[:3], "big")
        return head[3], head[4], int.from_bytes(head[5:9], "big"), self._take(length)

    def read_message(self, stream):
        """The next message of a call; whoever reads it is granted as much again."""
        while True:
            if len(self.messages) >= 5:
                size = int.from_bytes(self.messages[1:5], "big")
                if len(self.messages) >= 5 + size:
                    message, self.messages = self.messages[5:5 + size], self.messages[5 + size:]
                    return message
            kind, flags, which, payload = self.read_frame()
            if kind == DATA and which == stream:
                self.messages += payload
                if payload:
                    self.grant(stream, len(payload))
            elif kind == PING and not flags & ACK:
                self.socket.sendall(frame(PING, ACK, 0, payload))
            elif which in (0, stream) and (
                    kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM)):
                raise EOFError(f"the call has ended: frame {kind}, {payload[:200]!r}")

    def seconds_until_closed(self, patience_s):
        """Reads without ever answering, until the server has had enough."""
        began = time.monotonic()
        self.socket.settimeout(patience_s)
        try:
            while time.monotonic() < began + patience_s and self.socket.recv(1 << 16):
                pass
        except TimeoutError:
            return None
        except ConnectionError:
            pass
        spent = time.monotonic() - began
        return spent if spent < patience_s else None
