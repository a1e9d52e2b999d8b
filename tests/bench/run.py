#!/usr/bin/env python3
"""Runs the benchmarks, prints a table and writes bench.json, also when a part could not be measured;
then it says what broke and ends with 1."""
import argparse
import os
import sys

import cloud_bench
import deploy_bench
import ui_bench
from api_bench import ApiBench
from cluster import Progress
from engine_bench import EngineBench
from figures import Figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="where the programs were built")
    parser.add_argument("--bundles", required=True, help="where release bundles are kept")
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true",
                        help="short rounds: to see that it works, not what it comes to")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="PARTS", help="parts of the engine's benchmark, "
                        "separated by commas: " + ", ".join(EngineBench.PARTS))
    parser.add_argument("sections", nargs="*", help="deploy, engine, api, cloud, ui; all when none is named")
    arguments = parser.parse_args()
    arguments.bin = os.path.abspath(arguments.bin)
    wanted = arguments.sections or ["engine", "api", "cloud", "deploy", "ui"]
    unknown = set(wanted) - {"engine", "api", "cloud", "deploy", "ui"}
    arguments.only = [part for part in arguments.only.split(",") if part]
    if not set(arguments.only) <= set(EngineBench.PARTS):
        parser.error(f"the engine's parts are {', '.join(EngineBench.PARTS)}")
    if unknown:
        parser.error(f"there is no section {', '.join(unknown)}; there are engine, api, cloud, deploy and ui")
    if arguments.quick:
        arguments.rounds = 1
    figures, progress, problems = Figures(), Progress(), []
    try:
        if "engine" in wanted:
            problems += EngineBench(arguments, figures, progress).run()
        if "api" in wanted:
            problems += ApiBench(arguments, figures, progress).run()
        if "cloud" in wanted:
            problems += cloud_bench.run(arguments, figures, progress)
        if "deploy" in wanted:
            problems += deploy_bench.run(arguments, figures, progress)
        if "ui" in wanted:
            problems += ui_bench.run(arguments, figures, progress)
    finally:
        figures.write(arguments.out)
    figures.print_table()
    print(f"\nwritten to {arguments.out}")
    for problem in problems:
        print(f"not measured: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
