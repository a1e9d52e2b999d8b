"""Counts what a provider is asked, against the sandbox's API with servers that are nothing but their
state (--hosts none).

cloud.hetzner_requests       requests per server with 200 deployed at once, from the first create until all
                             run, at a project of 3,600 requests an hour; a server takes 11 s to boot
cloud.digitalocean_requests  the same at an account of DigitalOcean's, which may ask 250 times a minute
cloud.provoked_429           answers 429 of both meanwhile
cloud.sweep_1000_requests    requests of one sweep of a project with 1,000 servers of ours
cloud.orphan_gone_s          from the create of a server that nobody knows until it is no longer listed, with
                             a grace period of 9 s
"""
import subprocess
import time
import urllib.error

from cluster import SOURCE, Broken
from deploy_bench import World

SERVERS = 200
BOOT_MS = 11_000
SWEPT = 1_000
GRACE_S = 9

FREE = {"HATCHERY_RATE_WRITE": "60000", "HATCHERY_RATE_OUTSIDE": "60000", "HATCHERY_RATE_READ": "60000",
        "HATCHERY_PLANS": '{"enterprise": {"bots": 1000}}', "HATCHERY_LOG_LEVEL": "info"}


def make_world(arguments, name, sandbox=(), environment=None):
    return World(arguments.bin, f"{SOURCE}/build/bench/{name}", arguments.bundles,
                 sandbox=("--hosts", "none", *sandbox), environment={**FREE, **(environment or {})})


def installation(world):
    return subprocess.run(["psql", world.database_url, "-Atc", "SELECT id FROM installation"], check=True,
                          capture_output=True, text=True).stdout.strip()


def make_stray(world, name, owner):
    return world.cloud.call("POST", "/servers", {
        "name": name, "server_type": "cx23", "image": "debian-12",
        "labels": {"hatchery-installation": owner}})["server"]["id"]


def count_creates(arguments, provider, environment):
    """Deploys SERVERS at once. Answers the provider's requests per server, and its answers 429."""
    world = make_world(arguments, f"cloud-{provider}", ("--boot-delay-ms", str(BOOT_MS)), environment)
    try:
        cloud = world.cloud if provider == "hetzner" else world.digitalocean
        running = "running" if provider == "hetzner" else "active"
        servers = "/servers" if provider == "hetzner" else "/droplets"
        bots = [world.make_bot(f"Bot {number}") for number in range(SERVERS)]
        cloud.call("DELETE", "/sandbox/requests")
        for bot in bots:
            world.api.call("POST", "/api/deploy", {"botId": bot})
        world.wait(lambda: len(cloud.call("GET", "/sandbox/hosts")["hosts"]) == SERVERS, 300)
        # All run, and the poller has looked once more.
        time.sleep(BOOT_MS / 1000 + 6)
        counted = cloud.call("GET", "/sandbox/requests")
        print(f"{SERVERS} deployments at once, requests to {provider} until all servers ran:")
        for route, count in sorted(counted["byRoute"].items()):
            print(f"  {route:40} {count:5}")
        listed = cloud.call("GET", f"{servers}?per_page=50")[servers[1:]]
        if any(one["status"] != running for one in listed):
            raise Broken("not all servers run")
        return round(counted["total"] / SERVERS, 3), counted["byStatus"].get("429", 0)
    finally:
        world.close()


def measure_creates(arguments, figures):
    hetzner, refused = count_creates(arguments, "hetzner", {})
    figures.at_most("cloud.hetzner_requests", hetzner, "requests per deployment", 1.3)
    ocean, refused_too = count_creates(arguments, "digitalocean", {
        "HATCHERY_PROVIDER": "digitalocean", "DIGITALOCEAN_API_TOKEN": "bench-account",
        "HATCHERY_DEFAULT_REGION": "fra1", "HATCHERY_DEFAULT_SERVER_TYPE": "s-1vcpu-1gb"})
    figures.at_most("cloud.digitalocean_requests", ocean, "requests per deployment", 1.3)
    figures.at_most("cloud.provoked_429", refused + refused_too, "answers", 0)


def measure_sweep(arguments, figures):
    world = make_world(arguments, "cloud-sweep")
    try:
        owner = installation(world)
        for number in range(SWEPT):
            make_stray(world, f"swept-{number}", owner)
        world.cloud.call("DELETE", "/sandbox/requests")
        asked = world.api.call("POST", "/api/cloud/sweep")["askedAt"]

        def swept():
            kept = world.api.call("GET", "/api/cloud/sweep")["items"]
            return any(one["sweptAt"] >= asked and one["listed"] == SWEPT for one in kept)
        world.wait(swept, 60)
        counted = world.cloud.call("GET", "/sandbox/requests")
        figures.at_most("cloud.sweep_1000_requests", counted["total"], "requests", 25)
    finally:
        world.close()


def measure_orphan(arguments, figures):
    world = make_world(arguments, "cloud-orphan",
                       environment={"HATCHERY_STRAY_GRACE_SECONDS": str(GRACE_S)})
    try:
        number = make_stray(world, "orphan", installation(world))
        began = time.monotonic()

        def gone():
            try:
                world.cloud.call("GET", f"/servers/{number}")
                return False
            except urllib.error.HTTPError as error:
                return error.code == 404
        world.wait(gone, 60)
        figures.at_most("cloud.orphan_gone_s", round(time.monotonic() - began, 1), "s",
                        GRACE_S + GRACE_S / 3)
    finally:
        world.close()


def run(arguments, figures, progress):
    """All of them. Answers what broke."""
    problems = []
    for name, measure, figure, unit, aim in (
            ("200 deployments at once", measure_creates, "cloud.hetzner_requests",
             "requests per deployment", "at most 1.3"),
            ("a sweep of 1,000 servers", measure_sweep, "cloud.sweep_1000_requests", "requests",
             "at most 25"),
            ("a server that nobody knows", measure_orphan, "cloud.orphan_gone_s", "s", "at most 12")):
        progress.say(name)
        try:
            measure(arguments, figures)
        except (Broken, OSError, KeyError, ValueError, subprocess.SubprocessError) as problem:
            problems.append(f"{name}: {problem}")
            figures.broken(figure, unit, aim)
    return problems
