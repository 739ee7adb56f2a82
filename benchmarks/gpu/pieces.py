"""One archive in pieces of a bounded size, each with its hash, and the script that puts them together again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

MANIFEST, JOIN = "pieces.json", "join.py"

_SCRIPT = '''"""python3 join.py [FOLDER]: check every piece, put them together, unpack. Needs no other library."""

import hashlib
import json
import pathlib
import sys
import tarfile

here = pathlib.Path(__file__).resolve().parent
target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "emvas-gpu")
listed = json.loads((here / "pieces.json").read_text())
archive = here / listed["archive"]
with archive.open("wb") as whole:
    for piece in listed["pieces"]:
        path = here / piece["name"]
        if not path.is_file():
            sys.exit(f"{path} is missing: bring it and run this again")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != piece["sha256"]:
            sys.exit(f"{path} was damaged on its way: bring it again")
        whole.write(content)
with tarfile.open(archive) as packed:
    packed.extractall(target, filter="data")
archive.unlink()
print(f"unpacked into {target}. Next: sh {target}/prove.sh")
'''


def cut(archive: Path, out: Path, largest_bytes: int) -> list[Path]:
    """Write `archive` into `out` as pieces of at most `largest_bytes`, with manifest and script; return the pieces."""
    out.mkdir(parents=True, exist_ok=True)
    pieces, listed = [], []
    with archive.open("rb") as stream:
        while content := stream.read(largest_bytes):
            piece = out / f"piece-{len(pieces):03d}"
            piece.write_bytes(content)
            pieces.append(piece)
            digest = hashlib.sha256(content).hexdigest()
            listed.append({"name": piece.name, "bytes": len(content), "sha256": digest})
    manifest = {"archive": archive.name, "pieces": listed}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    (out / JOIN).write_text(_SCRIPT, encoding="utf-8")
    return pieces
