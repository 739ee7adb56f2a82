from __future__ import annotations

from pathlib import Path

from edge.config.appliance import ThermalConfig
from edge.runtime.degradation import Band, ThermalBands, Thermometer


def zones(root: Path, **readings: str) -> Path:
    for number, (name, text) in enumerate(readings.items()):
        folder = root / f"thermal_zone{number}"
        folder.mkdir()
        (folder / "type").write_text(name.replace("_", "-") + "\n")
        (folder / "temp").write_text(text)
    return root


def test_the_hottest_processor_counts_and_not_the_battery_beside_it(tmp_path: Path) -> None:
    root = zones(tmp_path, battery="99000", cpu_thermal="61500", gpu_thermal="64250", iwlwifi="80000")
    assert Thermometer(root).celsius() == 64.25


def test_on_a_jetson_the_junction_tells_for_all(tmp_path: Path) -> None:
    assert Thermometer(zones(tmp_path, cpu_thermal="70000", tj_thermal="72000", soc0_thermal="90000")).celsius() == 72.0


def test_a_zone_that_is_switched_off_or_lies_is_left_out(tmp_path: Path) -> None:
    root = zones(tmp_path, cpu_thermal="55000", gpu_thermal="", soc_thermal="-273000")
    (root / "thermal_zone1" / "temp").unlink()
    assert Thermometer(root).celsius() == 55.0


def test_a_machine_without_zones_has_no_temperature_and_stays_green(tmp_path: Path) -> None:
    assert Thermometer(tmp_path).celsius() is None
    assert ThermalBands(ThermalConfig()).step(1.0, None) is Band.GREEN


def bands(*readings_c: float) -> list[Band]:
    thermal = ThermalBands(ThermalConfig())
    return [thermal.step(float(t_s), value) for t_s, value in enumerate(readings_c)]


def test_a_spike_of_a_second_is_no_heat() -> None:
    assert set(bands(*[70.0] * 30, 99.0, *[70.0] * 30)) == {Band.GREEN}


def test_a_band_is_left_well_below_where_it_began() -> None:
    assert bands(*[70.0] * 30, *[82.0] * 60, *[77.0] * 60)[-1] is Band.YELLOW
    assert bands(*[70.0] * 30, *[82.0] * 60, *[74.0] * 60)[-1] is Band.GREEN
    assert bands(*[101.0] * 60)[-1] is Band.DANGER
    assert bands(*[101.0] * 60, *[95.0] * 60)[-1] is Band.DANGER
    assert bands(*[101.0] * 60, *[92.0] * 60)[-1] is Band.RED
    assert bands(*[101.0] * 60, *[86.0] * 60)[-1] is Band.YELLOW
