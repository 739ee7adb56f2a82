"""A depot fetches a bundle from its own server: over HTTPS only, whole, and from whom it trusts."""

from __future__ import annotations

import hashlib
import ssl
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from certificates import certificate
from click.testing import CliRunner

from edge.bundle.bundle import Bundle
from edge.bundle.install import fetch_bundle
from edge.bundle.manifest import BundleError
from edge.cli.main import main
from edge.shipped import BUNDLE


@contextmanager
def depot(folder: Path, host: str, archive: bytes) -> Iterator[str]:
    """The address of a server over HTTPS while `with` lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            if self.path == "/away.tar":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/cab.tar")
                self.end_headers()
                return
            self.send_response(200 if self.path in ("/cab.tar", "/cut.tar") else 404)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            sent = archive if self.path == "/cab.tar" else archive[:1000]
            self.wfile.write(b"%x\r\n" % len(archive) + sent)
            if self.path == "/cab.tar":
                self.wfile.write(b"\r\n0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder, host))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def packed(folder: Path) -> bytes:
    with tarfile.open(folder / "cab.tar", "w") as out:
        out.add(BUNDLE, ".")
    return (folder / "cab.tar").read_bytes()


def test_a_bundle_comes_from_a_server_that_the_machine_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(tmp_path)
    sha256 = hashlib.sha256(archive).hexdigest()
    with depot(tmp_path, "localhost", archive) as address:
        stranger = [f"{address}/cab.tar", sha256, tmp_path / "stranger"]
        with pytest.raises(BundleError, match=r"cannot be fetched.*certificate verify failed"):
            fetch_bundle(*stranger)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
        command = ["bundle", "fetch", f"{address}/cab.tar", "--sha256", sha256, "--out", str(tmp_path / "cab")]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert Bundle(tmp_path / "cab").has("face_mesh")
        for name, said in (("cut", "cannot be fetched"), ("away", "cannot be fetched|without https"), ("no", "404")):
            with pytest.raises(BundleError, match=said):
                fetch_bundle(f"{address}/{name}.tar", sha256, tmp_path / name)
            assert not (tmp_path / name).exists()


def test_a_server_with_the_certificate_of_another_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with depot(tmp_path, "other.example", b"") as address:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.example.pem"))
        with pytest.raises(BundleError, match=r"cannot be fetched.*Hostname mismatch"):
            fetch_bundle(f"{address}/cab.tar", "0" * 64, tmp_path / "out")
