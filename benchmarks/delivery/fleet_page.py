"""The page about a fleet."""

from __future__ import annotations

from typing import Any

from benchmarks.evidence import markdown_table


def page(report: dict[str, Any]) -> str:
    """Markdown of `fleet.json`."""
    heads = ("pace", "asked/s", "published/s", "heard/s by a backend", "broker: share of one core", "broker, MB",
             "alert to backend, ms: median", "95th percentile")  # fmt: skip
    rows = [
        (f"x {r['pace']:g}", f"{r['asked_hz']:.0f}", f"{r['published_hz']:.0f}", f"{r['heard_hz']:.0f}",
         f"{r['broker_cpu']:.3f}",
         f"{r['broker_mb']:.1f}", f"{r['delay_p50_ms']:.1f}", f"{r['delay_p95_ms']:.1f}")
        for r in report["paces"]
    ]  # fmt: skip
    herd = report["herd"]
    back = [
        ("boxes back", f"{herd['back']} of {report['boxes']}"),
        ("half of them within, s", f"{herd['back_50_s']:.1f}"),
        ("95 % within, s", f"{herd['back_95_s']:.1f}"),
        ("the last after, s", f"{herd['back_last_s']:.1f}"),
        ("most connections in one second", herd["most_a_second"]),
        ("attempts for them", herd["attempts"]),
        ("CPU of the broker until all were back, s", f"{herd['broker_cpu_s']:.2f}"),
        ("alerts and summaries that waited when it came back", herd["waiting_then"]),
        (f"still waiting {herd['settle_s']:g} s after the last was back", herd["waiting_after"]),
    ]
    sites = [(name, f"{site['perclos']:.4f}" if site["perclos"] is not None else "", site["alerts"])
             for name, site in report["sites"].items()]  # fmt: skip
    about = report["machine"]
    return "\n".join(
        [
            "# A fleet on one broker\n",
            f"{report['boxes']:,} simulated boxes with the real payloads, wills, qualities of service and waits before "
            "reconnecting, on one Mosquitto with one backend that hears everything. Boxes, broker and backend share "
            f"{about['cores']} cores of {about['cpu']} (load {about['load_1_min']} at the end). Made by "
            "`python -m benchmarks.delivery.fleet`.\n",
            "Each box publishes its health every 30 s, its state every 60 s, a summary every 300 s and an alert step "
            "every 72 s, each of them sooner by the pace. Where fewer words are published than asked, the simulated "
            "boxes and the backend had no more CPU time, and the delays are theirs; the broker's share says how far it "
            "is from its own limit.\n",
            markdown_table(heads, rows),
            "## The herd after a restart\n",
            f"The broker is killed with signal 9 and started again {herd['away_s']:g} s later.\n",
            markdown_table(("", ""), back),
            f"Alerts and summaries made: {report['raised']:,}; acknowledged: {report['raised'] - report['waiting']:,}; "
            f"heard by the backend: {report['alerts'] + report['summaries']:,}. The broker saves its sessions every "
            "5 s: what it had acknowledged since and not yet passed on when it was killed is lost, and the "
            f"backend is told which numbers are missing ({report['missing']:,} here).\n",
            "## Summaries, aggregated over the fleet\n",
            "By `benchmarks/delivery/fleet_totals.py`, a few lines on the subscriber library: PERCLOS of each site "
            "weighted by the time in which it could be judged, and its alerts.\n",
            markdown_table(("site", "PERCLOS", "alerts begun"), sites),
            "## What this does not show\n",
            "Loopback has no delay, no loss and no TLS; the simulated boxes take most of the CPU time of the machine "
            "that they share with the broker, so the broker's own limit lies higher.\n",
        ]
    )
