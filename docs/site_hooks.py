"""Hooks of mkdocs: the site draws Mermaid pictures with its own script, so that a browser fetches nothing.

`make docs` puts the script into `build/mermaid` where npm is installed. Without the script a picture is shown as text.
"""

from __future__ import annotations

import os
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from pymdownx.superfences import fence_code_format

SCRIPT = Path(__file__).resolve().parents[1] / "build" / "mermaid" / "package" / "dist" / "mermaid.min.js"
_PLACE = "javascripts/mermaid.min.js"
_PICTURE = 'class="mermaid"'


def script() -> Path | None:
    """The script that draws; `EMVAS_MERMAID` names another one. None if it is missing."""
    path = Path(os.environ.get("EMVAS_MERMAID", SCRIPT))
    return path if path.is_file() else None


def on_config(config: MkDocsConfig) -> None:
    """Mark Mermaid blocks as pictures if they can be drawn."""
    if script() is not None:
        fence = {"name": "mermaid", "class": "mermaid", "format": fence_code_format}
        config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the script to the site."""
    path = script()
    if path is not None:
        files.append(File.generated(config, _PLACE, abs_src_path=str(path)))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Load the script on pages with a picture only: it has 3.5 MB."""
    if _PICTURE not in output:
        return output
    address = get_relative_url(_PLACE, page.url)
    return output.replace("</head>", f'<script src="{address}"></script></head>', 1)
