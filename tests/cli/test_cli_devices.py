from __future__ import annotations

import json

from click.testing import CliRunner

from edge.cli.main import main


def test_devices_are_listed_with_what_is_missing() -> None:
    result = CliRunner().invoke(main, ["devices", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert set(found) == {"cameras", "network cameras", "microphones", "speakers"}
    for part in found.values():
        assert part["devices"] or part["missing"], "never an empty answer"
    text = CliRunner().invoke(main, ["devices"]).stdout
    assert "camera.uri" in text
    assert "microphone.device" in text
    assert "warning.speaker" in text
