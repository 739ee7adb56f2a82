"""A network camera before which somebody sits who falls asleep when a test says so, and which is tampered with."""

from __future__ import annotations

import itertools
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import cv2
import numpy as np

from demo.actor import Actor
from demo.portrait import load_portrait
from demo.story import Event, Story
from edge.bundle.bundle import Bundle

FPS = 15
_LOOP_S = 6.0
Trouble = Literal["", "few", "still", "covered", "upside down"]


class ActedCamera:
    """MJPEG over HTTP while the `with` block lasts; `asleep` and `trouble` may be set at any time."""

    def __init__(self, bundle: Bundle) -> None:
        blinks = Story(_LOOP_S, (Event("blink", 1.5, 1.59), Event("blink", 4.0, 4.09)), ())
        shut = Story(_LOOP_S, (Event("closure", -1.0, 2 * _LOOP_S),), ())
        portrait = load_portrait(bundle)
        times_s = np.arange(0.0, _LOOP_S, 1 / FPS)
        actors = {False: Actor(portrait, blinks), True: Actor(portrait, shut)}
        self._pictures = {
            asleep: [actor.picture(float(t_s), 0.0) for t_s in times_s] for asleep, actor in actors.items()
        }
        self.asleep = False
        self.trouble: Trouble = ""
        self._ended = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                for number in itertools.count():
                    jpeg = camera._jpeg(number)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                    except OSError:
                        return
                    if camera._ended.wait(0.5 if camera.trouble == "few" else 1 / FPS):
                        return

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}/video"

    def _jpeg(self, number: int) -> bytes:
        loop = self._pictures[self.asleep]
        image = loop[0 if self.trouble == "still" else round(time.monotonic() * FPS) % len(loop)]
        if self.trouble == "covered":
            image = np.random.default_rng(number).integers(4, 12, image.shape, np.uint8)  # a sensor's noise in the dark
        elif self.trouble == "upside down":
            image = cv2.rotate(image, cv2.ROTATE_180)
        return bytes(cv2.imencode(".jpg", image)[1])

    def __enter__(self) -> ActedCamera:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
