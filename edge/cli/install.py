"""`emvas install`: the services onto this machine, or into an image of one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from edge.cli.places import CONFIG
from edge.cli.units import ENGINES, SERVICES, InstallError, Machine, place_files

IMAGE_PROGRAM = Path("/opt/emvas/bin/emvas")
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
"""ProtectHome and PrivateTmp hide these from the services (systemd.exec(5))."""


@click.command(epilog="Example: sudo emvas install")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="An image's root folder.")
@click.option(
    "--program", type=click.Path(path_type=Path),
    help=f"The command that the services run; default: this one, in an image {IMAGE_PROGRAM}.",
)  # fmt: skip
def install(root: Path | None, program: Path | None) -> None:
    """Install the services, their user and folders; enable them for the next boot, start nothing.

    May be run again at any time: what is right stays, the configuration is never touched.
    """
    machine = Machine(root or Path("/"))
    program = program or (IMAGE_PROGRAM if machine.is_image else Path(sys.prefix) / "bin" / "emvas")
    refuse_if_not_possible(machine)
    _refuse_hidden(program)
    for path, outcome in place_files(machine, program):
        click.echo(f"{outcome}: {path}")
    for tool, arguments in (("systemd-sysusers", ()), ("systemd-tmpfiles", ("--create",))):
        if not machine.tool(tool, *arguments, "emvas.conf"):
            click.echo(f"{tool} is not installed here: it acts at the next boot")
    if not machine.is_image:
        machine.tool("systemctl", "daemon-reload")
    if not machine.tool("systemctl", "enable", *SERVICES):
        click.echo(f"systemctl is not installed here: enable {' and '.join(SERVICES)} in the image by a preset")
    _next(machine, program)


def refuse_if_not_possible(machine: Machine) -> None:
    """InstallError where there is no systemd to install into, or no right to."""
    if machine.is_image:
        return
    if not Path("/run/systemd/system").is_dir():  # sd_booted(3)
        raise InstallError("this machine was not booted with systemd; for an image give --root DIR")
    if os.geteuid() != 0:
        raise InstallError("only root may install services: run this with sudo")


def _refuse_hidden(program: Path) -> None:
    if not program.is_absolute() or any(program.is_relative_to(folder) for folder in _HIDDEN):
        raise InstallError(
            f"the services may not see {program}: homes and temporary folders are hidden from them. Install the "
            f"package elsewhere: python3 -m venv {IMAGE_PROGRAM.parents[1]}, then its pip; then run {IMAGE_PROGRAM}"
        )


def _next(machine: Machine, program: Path) -> None:
    if machine.is_image and not machine.path(program).exists():
        click.echo(f"The image has no {program} yet: install the package there.")
    steps = []
    if not os.path.lexists(machine.path(CONFIG)):
        steps.append(f"{program} config install bus-cab.yaml")
    steps += [f"{program} bundle install bundle.tar", f"{program} check --config {CONFIG}"]
    if machine.is_jetson():
        steps.append(f"systemctl enable --now {ENGINES}  (provider tensorrt)")
    click.echo("Next, as root" + (" on the box:" if machine.is_image else ":"))
    for step in [*steps, "systemctl start " + " ".join(SERVICES)]:
        click.echo(f"  {step}")
