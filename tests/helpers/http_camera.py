"""A network camera on loopback: MJPEG over HTTP, which can fall silent, die and come back on the same port."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import cv2
import numpy as np
from mqtt_helpers import free_port


class HttpCamera:
    """Serves pictures at 25 a second while the `with` block lasts."""

    def __init__(self, port: int = 0) -> None:
        self.ended = threading.Event()
        self.silent = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                value = 0
                while not camera.ended.is_set():
                    value = (value + 4) % 256
                    image = np.full((120, 160, 3), value, np.uint8)
                    cv2.putText(image, "CAB 7", (10, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 128, 255), 3)
                    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
                    if not camera.silent.is_set():
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        try:
                            self.wfile.write(head.encode() + jpeg + b"\r\n")
                        except OSError:
                            return
                    time.sleep(0.04)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port or free_port()), Handler)
        self.port: int = self._server.server_address[1]
        self.uri = f"http://127.0.0.1:{self.port}/video"

    def __enter__(self) -> HttpCamera:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
