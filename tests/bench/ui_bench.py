"""Measures the dashboard in a real browser, on the sandbox with stand-ins for OpenClaw.

ui.log_line_p95_ms  from a line's printing on the server to the screen, over the lines of three deploys.
ui.page_kb          what a first visit loads, compressed, with all headers.
ui.first_paint_ms   from the request of the page to the first thing painted.
"""
import json
import os
import subprocess

from cluster import SOURCE, Broken
from deploy_bench import World

AIMS = (("ui.log_line_p95_ms", "ms", 1000), ("ui.page_kb", "kB", 100), ("ui.first_paint_ms", "ms", 1000))


def measure(arguments, figures):
    journeys = SOURCE + "/build/bench/journeys"
    subprocess.run([SOURCE + "/tests/e2e/dashboard/install.sh", journeys], check=True)
    stand_in = SOURCE + "/build/bench/stand-in"
    subprocess.run([SOURCE + "/tests/support/stand_in_bundle/build.sh", stand_in], check=True)
    world = World(arguments.bin, SOURCE + "/build/bench/ui", stand_in)
    try:
        written = os.path.join(world.folder, "figures.json")
        environment = dict(
            os.environ, DASHBOARD_URL=world.api.base, HATCHERY_TOKEN=world.api.bearer,
            HETZNER_API_URL=world.cloud.base, SANDBOX_MODEL_URL=world.model,
            SCREENSHOT_DIR=os.path.join(world.folder, "screenshots"), FIGURES=written,
            ROUNDS="1" if arguments.quick else "3")
        subprocess.run(["node", journeys + "/latency.mjs"], env=environment, check=True, timeout=600)
        with open(written) as file:
            found = json.load(file)
    finally:
        world.close()
    for name, unit, aim in AIMS:
        figures.at_most(name, found[name], unit, aim)
    figures.add("ui.log_line_median_ms", found["ui.log_line_median_ms"], "ms")


def run(arguments, figures, progress):
    """Answers what broke."""
    progress.say("the dashboard in a browser")
    try:
        measure(arguments, figures)
    except (Broken, OSError, KeyError, ValueError, subprocess.SubprocessError) as problem:
        for name, unit, aim in AIMS:
            figures.broken(name, unit, f"at most {aim}")
        return [f"the dashboard: {problem}"]
    return []
