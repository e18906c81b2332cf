"""Where the SDP of a stream to be judged comes from."""

from __future__ import annotations

import socket
import threading

import pytest

from aes67_sender.errors import MachineError
from aes67_sender.verify.description import read_sdp


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
        if body is None:
            with pytest.raises(MachineError, match="rtsp://") as refused:
                read_sdp(url)
            assert refused.value.hint
        else:
            assert read_sdp(url) == body
        thread.join()
    assert asked[0].startswith(f"DESCRIBE {url} RTSP/1.0\r\n".encode())
