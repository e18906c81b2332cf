"""Where the SDP of a stream to be judged comes from."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest

from aes67_sender.errors import MachineError
from aes67_sender.verify.description import read_sdp


def gives(url: str, body: bytes | None, why_not: str) -> None:
    """The URL gives this text, or with ``None`` the reason why it gives none, and what to do."""
    if body is not None:
        assert read_sdp(url) == body
        return
    with pytest.raises(MachineError, match=why_not) as refused:
        read_sdp(url)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nv=0\r\n", b"v=0\r\n"),
        (b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", None),
        (b"nonsense\r\n\r\n", None),
    ],
)
def test_an_rtsp_server_gives_the_description_or_the_reason(answer: bytes, body: bytes | None) -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                asked.append(connection.recv(4096))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/by-id/1"
        gives(url, body, "rtsp://")
        thread.join()
    assert asked[0].startswith(f"DESCRIBE {url} RTSP/1.0\r\n".encode())


class Shelf(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/s1.sdp" else 404)
        self.end_headers()
        self.wfile.write(b"v=0\r\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("path", "body"), [("s1.sdp", b"v=0\r\n"), ("other.sdp", None)])
def test_an_http_server_gives_the_description_or_the_reason(path: str, body: bytes | None) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Shelf) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{path}"
        gives(url, body, "404")
        thread.join()


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(MachineError, match=r"http://127\.0\.0\.1:9/x gives no SDP"):
        read_sdp("http://127.0.0.1:9/x")
