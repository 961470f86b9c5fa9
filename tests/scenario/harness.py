# SPDX-License-Identifier: ISC
"""Checks, clean-up and processes of a scenario.

A scenario is a script of its own. Each check prints "ok NAME" or "FAIL NAME: why";
what was started is stopped, by pid, and what was made is removed, however it ends.
"""
import contextlib
import functools
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
LABS = "/var/lib/postern-labs"
BUILD = os.path.realpath(os.environ.get("POSTERN_BUILD", os.path.join(TOP, "build")))
POSTERND = os.path.join(BUILD, "posternd")
POSTERN = os.path.join(BUILD, "postern")
NAME = os.path.basename(sys.argv[0]).removesuffix(".py")

# Seconds. A condition that must come true is given this long: a machine may be ten times slower than another
# and stand still for a while. Only a time that the gateway promises is asked about in a check of its own.
PATIENCE = 180

passed = failed = 0
watched = []  # log files of whatever is tested: the last lines stand below a failed check
_cleanups = []
_output = threading.Lock()


def check(name, condition, why=""):
    """One test case."""
    global passed, failed
    with _output:
        if condition:
            passed += 1
            print("ok %s" % name, flush=True)
        else:
            failed += 1
            print("FAIL %s: %s" % (name, " ".join(str(why).split()) or "is false"), flush=True)
            for path in watched if failed <= 3 else ():
                print("  %s, %s:" % (time.strftime("%H:%M:%SZ", time.gmtime()), path))
                print("".join("  | %s\n" % line for line in read(path).splitlines()[-8:]), end="", flush=True)
    return bool(condition)


def equal(name, got, wanted):
    if isinstance(got, list) and isinstance(wanted, list) and len(got) + len(wanted) > 20:
        missing = [item for item in wanted if item not in got]
        extra = [item for item in got if item not in wanted]
        return check(name, got == wanted, "got %d, wanted %d: missing %d %r, not wanted %d %r" % (
            len(got), len(wanted), len(missing), missing[:5], len(extra), extra[:5]))
    return check(name, got == wanted, "got %r, wanted %r" % (got, wanted))


def contains(name, text, part):
    return check(name, part in text, "%r is not in %r" % (part, text))


def lacks(name, text, part):
    return check(name, part not in text, "%r is in %r" % (part, text))


@contextlib.contextmanager
def case(name):
    """An exception inside is one failed case, and the scenario goes on."""
    try:
        yield
    except Exception as error:  # whatever went wrong belongs to this case
        where = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in where if os.path.dirname(__file__) in frame.filename] or where
        check(name, False, "%s: %s (%s)" % (
            type(error).__name__, error,
            " < ".join("%s:%d" % (os.path.basename(f.filename), f.lineno) for f in reversed(own[-3:]))))


def at_end(call, *arguments):
    """Calls are made in reverse order, all of them."""
    _cleanups.append((call, arguments))


def _clean_up():
    while _cleanups:
        call, arguments = _cleanups.pop()
        try:
            call(*arguments)
        except Exception as error:
            print("clean-up: %s: %s" % (getattr(call, "__name__", call), error), file=sys.stderr)


def _interrupted(number, frame):
    print("FAIL %s ends: signal %d while it was at" % (NAME, number))
    traceback.print_stack(frame, file=sys.stdout)
    sys.stdout.flush()
    raise SystemExit(128 + number)


def run(main):
    """What a scenario script ends with."""
    if os.geteuid() != 0:
        check(NAME, False, "needs root: network namespaces, users")
        sys.exit(1)
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    begin = time.monotonic()
    try:
        main()
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        check(NAME + " runs to its end", False, "%s: %s" % (type(error).__name__, str(error)[:500]))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _clean_up()
    print("# %s: %d ok, %d not, %.0f s" % (NAME, passed, failed, time.monotonic() - begin), flush=True)
    sys.exit(1 if failed else 0)


# --- waiting ---

def wait_for(condition, seconds=PATIENCE, step=0.1):
    """The first true value of condition(), or its last false one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(step)


class Stopwatch:
    def __init__(self):
        self.begin = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self.begin


class Attempt:
    """Checks that say something only if this machine was quick enough between begin() and end()."""

    def __init__(self):
        self.checks, self.first, self.last = [], None, None

    def begin(self):
        self.first = time.monotonic()

    def end(self):
        self.last = time.monotonic()

    def add(self, name, condition, why=""):
        self.checks.append((name, condition, why))

    def took(self):
        return (self.last or time.monotonic()) - (self.first or time.monotonic())


def in_time(seconds, attempt, tries=12):
    """attempt(checks), which tells what the gateway does for so long only; again when the machine stood still."""
    for number in range(tries):
        checks, error = Attempt(), None
        try:
            attempt(checks)
        except Exception as other:
            error = other
        checks.end() if checks.last is None else None
        if checks.took() < seconds or number == tries - 1 or not error and all(one[1] for one in checks.checks):
            break
        print("# again: that took %.1f s, and the gateway waits for %d" % (checks.took(), seconds), flush=True)
    for one in checks.checks:
        check(*one)
    if error:
        raise error


# --- processes ---

def command(*words, input=None, timeout=2 * PATIENCE, env=None, cwd=None):
    """Runs to its end; stdout and stderr together in .stdout, never an exception for a bad exit."""
    try:
        return subprocess.run([str(word) for word in words], input=input, text=True, timeout=timeout,
                              env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              errors="replace", stdin=subprocess.DEVNULL if input is None else None)
    except subprocess.TimeoutExpired as late:
        text = late.stdout.decode(errors="replace") if late.stdout else ""
        return subprocess.CompletedProcess(words, 124, text + "\n[timeout]")


def must(*words, **options):
    done = command(*words, **options)
    if done.returncode != 0:
        raise RuntimeError("%s: exit %d: %s" % (" ".join(map(str, words[:4])), done.returncode, done.stdout))
    return done.stdout


def shell(text, **options):
    """A piece of bash with the functions that the lab's scripts share."""
    return must("bash", "-c", 'set -euo pipefail; . "$0/tests/lab/functions.sh"; ' + text, TOP, **options)


class Process:
    """A process of ours; stopped at the end of the scenario if it still runs."""

    def __init__(self, *words, log=None, env=None, preexec=None):
        out = open(log, "ab") if log else subprocess.DEVNULL
        self.popen = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=subprocess.STDOUT, env=env, preexec_fn=preexec,
                                      start_new_session=True)
        if log:
            out.close()
        self.pid = self.popen.pid
        at_end(self.stop)

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """The exit code, or None when it still runs."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds=PATIENCE):
        self.signal(signal.SIGTERM)
        if self.wait(seconds) is None:
            self.kill()
        return self.popen.returncode

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait(PATIENCE)


def children(pid):
    """pid -> name of the direct children."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                head, tail = file.read().rsplit(")", 1)
            if int(tail.split()[1]) == pid:
                found[int(name)] = head.split("(", 1)[1]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def status_of(pid):
    """/proc/PID/status as a dictionary."""
    with open("/proc/%d/status" % pid) as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


# --- files ---

@functools.cache
def own_name():
    """Of this run's directory and network namespace: nobody has it, nor has a run that was killed left it behind."""
    for number in itertools.count():
        name = "pt-%s-%d%s" % (NAME.split("_")[0], os.getpid(), "-%d" % number if number else "")
        if not any(os.path.lexists(os.path.join(top, name)) for top in (LABS, "/run/netns", "/etc/netns")):
            return name


def state_directory():
    """A new directory that the gateway's users can reach; removed at the end."""
    path = os.path.join(LABS, own_name())
    os.makedirs(path)
    os.chmod(LABS, 0o755)
    os.chmod(path, 0o755)
    if os.environ.get("SCENARIO_KEEP"):
        print("# kept: %s" % path)
    else:
        at_end(shutil.rmtree, path, True)
    return path


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
