"""Serve MJPEG over HTTP on loopback, as network cameras do, and cut it off."""

import base64
import http.server
import socket
import threading
from typing import Self

from parking_monitor import jpeg
from tests.unit.camera.builders import grey

PASSWORD = 'S3CR3T'
_AUTHORIZATION = 'Basic ' + base64.b64encode(f'joe:{PASSWORD}'.encode()).decode()


class MjpegServer:
    """Serve one endless stream at 200 Hz; `stop` cuts every client off, `start` brings it back."""

    def __init__(self, port: int = 0) -> None:
        self.picture = jpeg.encode(grey(70, 160, 120))
        self.sent = 0
        self.stalled = threading.Event()
        self._stopped = threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.headers.get('Authorization') != _AUTHORIZATION:
                    self.send_response(401)
                    self.send_header('WWW-Authenticate', 'Basic realm="camera"')
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
                self.end_headers()
                self._stream()

            def _stream(self) -> None:
                while not owner._stopped.wait(0.005):
                    if owner.stalled.is_set():
                        continue
                    picture = owner.picture
                    head = f'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n'
                    try:
                        self.wfile.write(head.encode() + picture + b'\r\n')
                        owner.sent += 1
                    except OSError:
                        return
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Return where it is, with credentials."""
        return f'http://joe:{PASSWORD}@127.0.0.1:{self.port}/video?user=joe&pwd={PASSWORD}'

    def stop(self) -> None:
        """Cut every client off and close the port."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        if not self._stopped.is_set():
            self.stop()
