#!/usr/bin/env bash
# Runs a script on a server so that it outlives the SSH session that started it, and reads its
# output back by offset. This header is the contract with the program that calls it.
#
# Needs: root, systemd, python3 (cloud-init brings it). Runs on Ubuntu 22.04, 24.04, Debian 12.
# State: /var/lib/hatchery/runs/<RUN_ID>/, mode 0700. Nothing secret is passed in arguments.
#
# RUN_ID: 1 to 64 characters of a-z 0-9 and -, beginning with a letter or digit.
#
# run_detached.sh start RUN_ID SCRIPT ENV_FILE [LIMIT_S]
#     Starts SCRIPT (a bash script) exactly once as the transient unit hatchery-run-<RUN_ID>, and
#     prints one line: `running` or `exited N` or `lost`. A second call with the same RUN_ID adopts
#     the first run whatever its arguments are. SCRIPT is copied, so that it may be replaced while
#     it runs. ENV_FILE (mode 0600) holds lines KEY=VALUE, raw, without quoting, value up to the
#     end of the line; it is deleted as soon as it has been read. `-` means none. The script gets
#     these, PATH, HOME=/root, LANG=C.UTF-8, DEBIAN_FRONTEND=noninteractive and
#     HATCHERY_RUN_ID, and an empty standard input. After LIMIT_S seconds (default 3600) the run
#     is ended with exit code 124. Exit codes: 0; 2 bad arguments; 3 systemd refused (reason on
#     standard error).
#
# run_detached.sh status RUN_ID OFFSET MAX_BYTES [WAIT_MS]
#     Prints one line of state, then whole lines of the log from byte OFFSET on, at most MAX_BYTES
#     (raised to 16384 when lower, so that one line always fits):
#         state=STATE exit=N size=BYTES next=OFFSET started=EPOCH.MS ended=EPOCH.MS
#     state   running, exited, lost (it began, but neither runs nor left an exit code: the machine
#             was restarted or the run was killed) or absent (never started: call start)
#     exit    the exit code, 128+signal for a death by signal, `-` unless exited
#     size    bytes of whole lines in the log now; next: the OFFSET of the following call
#     started, ended    `-` when unknown
#     All has been read when state is exited or lost and next equals size: `exited` is never
#     reported before the log is complete and on the disk. An OFFSET beyond size prints nothing
#     and next=OFFSET. WAIT_MS (at most 60000): when there is nothing to report yet (state running
#     and no line beyond OFFSET), waits up to that long for some. Exit codes: 0; 2.
#
# run_detached.sh stop RUN_ID
#     Ends a run: SIGTERM, after 10 s SIGKILL, to all its processes; waits for the end (at most
#     20 s) and prints the state line. Nothing to stop is success. Exit codes: 0; 2; 4 still runs.
#
# run_detached.sh forget RUN_ID
#     Removes the record of a run that has ended. Exit codes: 0 (also if absent); 2; 4 still runs.
#
# Log format, one record a line, ASCII apart from the text, ended by \n:
#         STREAM EPOCH.MS TEXT
#     STREAM  O standard output, E standard error; o or e (small): a piece of a line that the next
#             record of the same stream continues. A line without an end at the run's end is kept.
#     EPOCH.MS  time at which the line's last byte was read, e.g. 1763704512.042
#     TEXT    valid UTF-8 of at most 8192 bytes; bytes that are no UTF-8 become U+FFFD, NUL and
#             other control characters but tab become the control pictures U+2400 to U+2421.
#     Lines `hatchery-fact KEY=VALUE` on standard output are results for the caller.
#     A log ends at 64 MiB: later lines are counted, and one E line at the end says how many.
#
# Runs that ended more than seven days ago are removed when another one starts.
set -euo pipefail

if ! command -v python3 >/dev/null; then
    echo "run_detached: python3 is missing on this server" >&2
    exit 3
fi
HATCHERY_SELF=$(readlink -f -- "${BASH_SOURCE[0]}")
export HATCHERY_SELF
exec python3 -IS /dev/fd/9 "$@" 9<<'PYTHON'
import errno
import fcntl
import os
import select
import signal
import sys
import time

ROOT = os.environ.get("HATCHERY_RUNS_DIR", "/var/lib/hatchery/runs")
TEXT_LIMIT = 8192
LOG_LIMIT = 64 << 20
KEEP_S = 7 * 86400
KILL_AFTER_S = 10
DRAIN_S = 2
SAFE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def fail(code, text):
    sys.stderr.write("run_detached: %s\n" % text)
    sys.exit(code)


def now():
    return "%.3f" % time.time()


def path(run, name):
    return os.path.join(ROOT, run, name)


def read_text(name):
    try:
        with open(name, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def sync_folder(name):
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def write_atomically(name, data, mode=0o600):
    fd = os.open(name + ".partial", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    while data:
        data = data[os.write(fd, data):]
    os.fsync(fd)
    os.close(fd)
    os.rename(name + ".partial", name)
    sync_folder(os.path.dirname(name))


def supervisor_lives(run):
    """The supervisor holds this lock as long as it lives; the kernel drops it at any death."""
    try:
        fd = os.open(path(run, "alive"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return True
        raise
    finally:
        os.close(fd)


def state_of(run):
    """(state, exit code text). Reads the exit code again after the lock: it is written before."""
    for attempt in (1, 2):
        code = read_text(path(run, "exit"))
        if code is not None:
            return "exited", code.split(" ")[0]
        if attempt == 1 and supervisor_lives(run):
            return "running", "-"
    if os.path.exists(path(run, "started")):
        return "lost", "-"
    return "absent", "-"


def state_line(run, state, code, size, following):
    ended = read_text(path(run, "exit"))
    ended = ended.split(" ")[1] if ended and " " in ended else "-"
    started = read_text(path(run, "started")) or "-"
    return "state=%s exit=%s size=%d next=%d started=%s ended=%s\n" % (
        state, code, size, following, started, ended)


def whole_bytes(fd):
    """Size of the log up to its last line end: a power cut may have left half a line."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - 65536)
        at = os.pread(fd, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def status(run, offset, limit, wait_ms):
    limit = max(limit, 16384)
    deadline = time.monotonic() + min(wait_ms, 60000) / 1000
    while True:
        state, code = state_of(run)  # before the size: what is reported as ended is complete
        size, data = 0, b""
        try:
            fd = os.open(path(run, "log"), os.O_RDONLY)
            size = whole_bytes(fd)
            if size > offset:
                data = os.pread(fd, min(limit, size - offset), offset)
                data = data[:data.rfind(b"\n") + 1]
            os.close(fd)
        except FileNotFoundError:
            pass
        if data or state != "running" or time.monotonic() >= deadline:
            break
        time.sleep(0.04)
    out = state_line(run, state, code, size, offset + len(data)).encode() + data
    while out:
        out = out[os.write(1, out):]


def prune():
    for run in os.listdir(ROOT):
        try:
            if time.time() - os.stat(path(run, "exit")).st_mtime > KEEP_S:
                remove_record(run)
        except OSError:
            continue


def remove_record(run):
    folder = os.path.join(ROOT, run)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.rmdir(folder)


def copy_into(source, name):
    with open(source, "rb") as file:
        write_atomically(name, file.read(), 0o700)


def launch(run, limit_s):
    """Asks systemd to start the supervisor; a unit of that name that is there already is ours."""
    arguments = ["systemd-run", "--quiet", "--collect", "--unit=hatchery-run-" + run,
                 "--description=Hatchery run " + run, "--property=KillMode=mixed",
                 "--property=TimeoutStopSec=%d" % (KILL_AFTER_S + 5),
                 "--property=OOMPolicy=continue", "--property=OOMScoreAdjust=-100",
                 "/bin/bash", path(run, "supervisor"), "supervise", run, str(limit_s)]
    pid = os.posix_spawnp("systemd-run", arguments, os.environ)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def start(run, script, env_file, limit_s):
    os.makedirs(ROOT, 0o700, exist_ok=True)
    folder = os.path.join(ROOT, run)
    os.makedirs(folder, 0o700, exist_ok=True)
    fd = os.open(path(run, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    if state_of(run)[0] == "absent":
        prune()
        if not os.path.isfile(script):
            fail(2, "no script at " + script)
        copy_into(script, path(run, "script"))
        copy_into(os.environ["HATCHERY_SELF"], path(run, "supervisor"))
        if env_file != "-":
            # Renamed, not copied: the secrets in it never lie in two places.
            if os.path.isfile(env_file):
                os.chmod(env_file, 0o600)
                os.replace(env_file, path(run, "env"))
            elif not os.path.isfile(path(run, "env")):
                fail(2, "no environment file at " + env_file)
        refused = launch(run, limit_s)
        deadline = time.monotonic() + (1 if refused else 15)
        while state_of(run)[0] == "absent":
            if time.monotonic() > deadline:
                fail(3, "systemd did not start the unit hatchery-run-" + run)
            time.sleep(0.01)
    elif env_file != "-" and os.path.isfile(env_file):
        os.unlink(env_file)
    state, code = state_of(run)
    print("exited " + code if state == "exited" else state)


def stop(run):
    unit = "hatchery-run-" + run + ".service"
    if state_of(run)[0] == "running":
        pid = os.posix_spawnp("systemctl", ["systemctl", "stop", "--no-block", unit], os.environ)
        os.waitpid(pid, 0)
    deadline = time.monotonic() + KILL_AFTER_S + 10
    while state_of(run)[0] == "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    state, code = state_of(run)
    size = 0
    if os.path.exists(path(run, "log")):
        size = os.stat(path(run, "log")).st_size
    sys.stdout.write(state_line(run, state, code, size, size))
    sys.exit(4 if state == "running" else 0)


def forget(run):
    if state_of(run)[0] == "running":
        sys.exit(4)
    if os.path.isdir(os.path.join(ROOT, run)):
        remove_record(run)


class Log:
    """Appends records; every write ends at a line's end, so that readers see whole lines."""

    def __init__(self, run):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.fd = os.open(path(run, "log"), flags, 0o600)
        self.size = os.fstat(self.fd).st_size
        self.dropped = 0
        self.table = {code: 0x2400 + code for code in range(32) if code != 9}
        self.table[127] = 0x2421

    def add(self, records):
        data = b"".join(records)
        if self.size + len(data) > LOG_LIMIT:
            self.dropped += len(records)
            return
        self.size += len(data)
        while data:
            data = data[os.write(self.fd, data):]

    def records(self, stream, line, at, last):
        """One line's records; `last` says whether the line ends here."""
        text = line.decode("utf-8", "replace").translate(self.table).encode("utf-8")
        pieces = []
        while len(text) > TEXT_LIMIT:
            cut = TEXT_LIMIT
            while text[cut] & 0xC0 == 0x80:
                cut -= 1
            pieces.append(text[:cut])
            text = text[cut:]
        pieces.append(text)
        marks = [stream.lower()] * (len(pieces) - 1) + [stream if last else stream.lower()]
        return [("%s %s " % (mark, at)).encode() + piece + b"\n"
                for mark, piece in zip(marks, pieces)]

    def finish(self):
        if self.dropped:
            text = "E %s hatchery: %d lines were not kept: the log is full\n"
            os.write(self.fd, (text % (now(), self.dropped)).encode())
        os.fsync(self.fd)


class Stream:
    """One pipe of the script; keeps the bytes after its last line end."""

    def __init__(self, name, fd):
        self.name, self.fd, self.rest = name, fd, b""

    def take(self, log):
        """Reads what is there; False at the end of the pipe."""
        data = os.read(self.fd, 65536)
        at = now()
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        records = []
        for line in lines:
            records += log.records(self.name, line.rstrip(b"\r"), at, True)
        if len(self.rest) > TEXT_LIMIT:
            # Cut before a character that may not be whole yet.
            cut = TEXT_LIMIT
            while cut > TEXT_LIMIT - 4 and self.rest[cut] & 0xC0 == 0x80:
                cut -= 1
            while len(self.rest) > TEXT_LIMIT:
                records += log.records(self.name, self.rest[:cut], at, False)
                self.rest = self.rest[cut:]
                cut = min(TEXT_LIMIT, len(self.rest) - 1)
                while cut > TEXT_LIMIT - 4 and self.rest[cut] & 0xC0 == 0x80:
                    cut -= 1
        if not data and self.rest:
            records += log.records(self.name, self.rest, at, True)
            self.rest = b""
        if records:
            log.add(records)
        return bool(data)

    def end(self, log):
        if self.rest:
            log.add(log.records(self.name, self.rest, now(), True))
            self.rest = b""


def script_environment(run):
    environment = {"PATH": SAFE_PATH, "HOME": "/root", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
                   "DEBIAN_FRONTEND": "noninteractive", "HATCHERY_RUN_ID": run}
    try:
        with open(path(run, "env"), "rb") as file:
            for line in file.read().split(b"\n"):
                key, equals, value = line.partition(b"=")
                if equals and b"\0" not in line:
                    environment[os.fsdecode(key)] = os.fsdecode(value)
        os.unlink(path(run, "env"))
    except FileNotFoundError:
        pass
    return environment


def spawn(run, environment):
    """Starts the script in a process group of its own; (pid, its streams)."""
    out_read, out_write = os.pipe()
    error_read, error_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(out_write, 1)
            os.dup2(error_write, 2)
            os.chdir("/")
            os.umask(0o022)
            os.execve("/bin/bash", ["/bin/bash", path(run, "script")], environment)
        finally:
            os._exit(127)
    os.close(out_write)
    os.close(error_write)
    return pid, [Stream("O", out_read), Stream("E", error_read)]


class Ending:
    """What the supervisor was told about ending early: by a signal or by the time limit."""

    def __init__(self, pid, limit_s):
        self.pid = pid
        self.deadline = time.monotonic() + limit_s
        self.kill_at = None
        self.forced_code = None

    def ask(self, code):
        if self.forced_code is None:
            self.forced_code = code
            self.kill_at = time.monotonic() + KILL_AFTER_S
            self.send(signal.SIGTERM)

    def send(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def tick(self, log):
        if self.forced_code is None and time.monotonic() > self.deadline:
            log.add(log.records("E", b"hatchery: the run reached its time limit", now(), True))
            self.ask(124)
        if self.kill_at is not None and time.monotonic() > self.kill_at:
            self.kill_at = None
            self.send(signal.SIGKILL)


def supervise(run, limit_s):
    alive = os.open(path(run, "alive"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        fd = os.open(path(run, "started"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(3, "this run has been started before")
    os.write(fd, (now() + "\n").encode())
    os.fsync(fd)
    sync_folder(os.path.join(ROOT, run))
    log = Log(run)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    pid, streams = spawn(run, script_environment(run))
    ending = Ending(pid, limit_s)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.ask(143))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    code = follow(pid, streams, wake_read, ending, log)
    log.finish()
    write_atomically(path(run, "exit"), ("%d %s\n" % (code, now())).encode())


def follow(pid, streams, wake_read, ending, log):
    """Copies output until the script has ended and its pipes are closed; its exit code.

    A process that it left behind may hold the pipes open: after DRAIN_S they are given up.
    """
    code, give_up_at = None, None
    while streams or code is None:
        waits = [stream.fd for stream in streams] + [wake_read]
        readable = select.select(waits, [], [], 0.5)[0]
        if wake_read in readable:
            os.read(wake_read, 512)
        for stream in [one for one in streams if one.fd in readable]:
            if not stream.take(log):
                streams.remove(stream)
        if code is None:
            ended, wait_status = os.waitpid(pid, os.WNOHANG)
            if ended:
                raw = os.waitstatus_to_exitcode(wait_status)
                code = 128 - raw if raw < 0 else raw
                give_up_at = time.monotonic() + DRAIN_S
        if give_up_at is not None and time.monotonic() > give_up_at:
            break
        ending.tick(log)
    for stream in streams:
        stream.end(log)
    return code if ending.forced_code is None else ending.forced_code


def number(text, name, highest):
    if not text.isascii() or not text.isdigit() or int(text) > highest:
        fail(2, name + " must be a number up to %d" % highest)
    return int(text)


def main(arguments):
    if len(arguments) < 2:
        fail(2, "usage: start|status|stop|forget RUN_ID ...")
    command, run, rest = arguments[0], arguments[1], arguments[2:]
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    if not 1 <= len(run) <= 64 or not set(run) <= allowed or run[0] == "-":
        fail(2, "RUN_ID must be 1 to 64 characters of a-z, 0-9 and -")
    if command == "start" and len(rest) in (2, 3):
        start(run, rest[0], rest[1], number(rest[2] if rest[2:] else "3600", "LIMIT_S", 86400))
    elif command == "status" and len(rest) in (2, 3):
        wait_ms = number(rest[2] if rest[2:] else "0", "WAIT_MS", 10 ** 9)
        status(run, number(rest[0], "OFFSET", 2 ** 62), number(rest[1], "MAX_BYTES", 2 ** 30),
               wait_ms)
    elif command == "supervise" and len(rest) == 1:
        supervise(run, number(rest[0], "LIMIT_S", 86400))
    elif command in ("stop", "forget") and not rest:
        {"stop": stop, "forget": forget}[command](run)
    else:
        fail(2, "usage: start|status|stop|forget RUN_ID ...")


main(sys.argv[1:])
PYTHON
