"""A network camera before which somebody sits, hung wrongly until a test hangs it right."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from demo.portrait import HEIGHT_PX, WIDTH_PX, load_portrait
from edge.bundle.bundle import Bundle

FPS = 25
_SMALLER = 3


class AimedCamera:
    """MJPEG over HTTP while the `with` block lasts; from `right` on the face is near and in the middle."""

    def __init__(self, bundle: Bundle) -> None:
        self.right = threading.Event()
        self._ended = threading.Event()
        portrait = load_portrait(bundle).image[-HEIGHT_PX:]
        far = cv2.resize(portrait, (WIDTH_PX // _SMALLER, HEIGHT_PX // _SMALLER), interpolation=cv2.INTER_AREA)
        wide = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
        wide[-far.shape[0] :, : far.shape[1]] = far
        self._near, self._far = portrait, wide
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                while not camera._ended.wait(1 / FPS):
                    number += 1
                    jpeg = camera._jpeg(number)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                    except OSError:
                        return

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}/video"

    def __enter__(self) -> AimedCamera:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        time.sleep(2 / FPS)
        self._server.shutdown()
        self._server.server_close()

    def _jpeg(self, number: int) -> bytes:
        image = (self._near if self.right.is_set() else self._far).copy()
        image[:4, :4] = number % 256  # no camera gives the same picture twice
        return bytes(cv2.imencode(".jpg", image)[1].tobytes())
