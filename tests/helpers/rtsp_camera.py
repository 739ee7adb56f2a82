"""A network camera that speaks RTSP: GStreamer's server in its own process, which can be killed and started again."""

from __future__ import annotations

import shutil
import subprocess
from types import TracebackType

import pytest

_PYTHON = "/usr/bin/python3"
"""The system's, because GStreamer's bindings come as its packages."""
_SERVER = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 )"
)
server.get_mount_points().add_factory("/cab", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


def _missing() -> bool:
    if shutil.which(_PYTHON) is None or shutil.which("gst-inspect-1.0") is None:
        return True
    probe = "import gi; gi.require_version('GstRtspServer', '1.0')"
    bindings = subprocess.run([_PYTHON, "-c", probe], check=False, capture_output=True)
    encoder = subprocess.run(["gst-inspect-1.0", "--exists", "x264enc"], check=False, capture_output=True)
    return bindings.returncode != 0 or encoder.returncode != 0


needs_rtsp_server = pytest.mark.skipif(
    _missing(),
    reason="an RTSP camera that is not there needs: apt install python3-gi gir1.2-gst-rtsp-server-1.0 "
    "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly",
)


class RtspCamera:
    """Sends 25 pictures a second while the `with` block lasts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.uri = f"rtsp://127.0.0.1:{port}/cab"

    def __enter__(self) -> RtspCamera:
        words = [_PYTHON, "-c", _SERVER, str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
