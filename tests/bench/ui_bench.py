"""Measures the dashboard in a real browser, on the sandbox with stand-ins for OpenClaw.

ui.log_line_p95_ms  from a line's printing on the server to the screen, over the lines of three deploys.
ui.page_kb          what a first visit loads, compressed, with all headers.
ui.first_paint_ms   from the request of the page to the first thing painted.
ui.long_log_*       in a log of 100,000 lines: until a search has looked at all, and frames while scrolling.
ui.fleet_*          frames while an operator scrolls over 1,000 bots.
"""
import json
import os
import subprocess

from cluster import SOURCE, Broken, libpq_environment, run as run_program
from deploy_bench import World

AIMS = (("ui.log_line_p95_ms", "ms", 1000), ("ui.page_kb", "kB", 100), ("ui.first_paint_ms", "ms", 1000),
        ("ui.long_log_search_ms", "ms", 2000), ("ui.long_log_frame_p95_ms", "ms", 50),
        ("ui.fleet_frame_p95_ms", "ms", 50))
JOURNEYS = SOURCE + "/tests/e2e/dashboard"


def travel(world, journey, installed, rounds):
    """Goes on a journey, after its SQL if it has any, and answers its figures."""
    filling = f"{JOURNEYS}/{journey}.sql"
    if os.path.exists(filling):
        run_program(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", filling],
                    env=libpq_environment(world.environment["DATABASE_URL"]))
    written = os.path.join(world.folder, journey + ".json")
    environment = dict(
        os.environ, DASHBOARD_URL=world.api.base, HATCHERY_TOKEN=world.api.bearer,
        HETZNER_API_URL=world.cloud.base, SANDBOX_MODEL_URL=world.model,
        ADMIN_EMAIL="bench@example.com", SCREENSHOT_DIR=os.path.join(world.folder, "screenshots"),
        FIGURES=written, ROUNDS=str(rounds))
    subprocess.run(["node", f"{installed}/{journey}.mjs"], env=environment, check=True, timeout=600)
    with open(written) as file:
        return json.load(file)


def measure(arguments, figures):
    installed = SOURCE + "/build/bench/journeys"
    subprocess.run([SOURCE + "/tools/install-npm", JOURNEYS, installed], check=True)
    stand_in = SOURCE + "/build/bench/stand-in"
    subprocess.run([SOURCE + "/tests/support/stand_in_bundle/build.sh", stand_in], check=True)
    found = {}
    for journey in ("latency", "long_log", "fleet"):
        world = World(arguments.bin, SOURCE + "/build/bench/ui", stand_in)
        try:
            found |= travel(world, journey, installed, 1 if arguments.quick else 3)
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
