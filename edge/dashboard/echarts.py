"""ECharts as modules that a page carries inside itself: the very files that NiceGUI serves to the dashboard."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import nicegui

from edge.error import EmvasError

MODULE = "nicegui-echart"
"""The name under which a page imports it: `import { echarts } from "nicegui-echart"`."""
_DIST = Path(nicegui.__file__).parent / "elements" / "echart" / "dist"
_STATIC_IMPORT = re.compile(r"""\bfrom\s*["']\./([\w.-]+\.js)["']""")
_SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=\S+\s*$")


class EchartsMissingError(EmvasError):
    """NiceGUI does not carry ECharts where it is expected."""


def import_map() -> dict[str, str]:
    """Module name to data URL, for `<script type="importmap">`; the 3-D part, which is loaded on demand, stays out.

    Raises:
        EchartsMissingError: NiceGUI's files are not where they should be.
    """
    found: dict[str, str] = {}
    wanted = {MODULE: "index.js"}
    while wanted:
        name, file = wanted.popitem()
        try:
            code = (_DIST / file).read_text(encoding="utf-8")
        except OSError as error:
            raise EchartsMissingError(f"{_DIST / file} cannot be read ({error}): reinstall nicegui") from error
        for imported in _STATIC_IMPORT.findall(code):
            inner = f"{MODULE}/{imported}"
            code = code.replace(f"./{imported}", inner)
            if inner not in found:
                wanted[inner] = imported
        code = _SOURCE_MAP.sub("", code)
        found[name] = "data:text/javascript;base64," + base64.b64encode(code.encode()).decode()
    return found
