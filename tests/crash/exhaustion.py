#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Resources run out under load and come back: answers are temporary, nothing is lost, nobody is restarted.

One after the other, while senders, readers and deleters go on, and mail to and from other domains: the disk is full, the inodes
are used up, each kind of role has no descriptors left, the disk takes long for every fsync,
fails it, or hangs, the directory is stopped and started. For each:

  - what clients are told meanwhile is 2xx, 4xx, [SYS/TEMP], [IN-USE] and nothing else;
  - it is shown that the trouble was real: something was refused, or everything became slow;
  - after it mail is accepted as before, by the same processes;
  - at the end every acknowledged message is there once, and what was answered 4xx is not,
    except where an answer may have come too late;
  - the queue is intact and gets empty: all that went out has arrived, once, or was told of.

That the judgement can fail is shown by campaign.py, which shares it. That the trouble is told from
good weather is shown here: the same question in good weather must say no.

  exhaustion.py [--short] [WORD...]    troubles with that word in their name
"""
import ctypes
import os
import re
import signal
import subprocess
import sys
import time

import ground as places
from departures import OUTGOING, Departures
from ground import ADDRESS, Ground, People, full_or_short
from harness import PATIENCE, at_end, case, check, command, must, run, wait_for
from ledger import Ledger
from load import Load
from outside import ADDRESSES
from senders import Closed, Talk
from verdict import everything, litter
from waiting import REPORTER

SECONDS = full_or_short(5, 1)
DEATH = r".*role\.(?:died|left) .*"


# --- troubles: begin, hold, end ---

class Trouble:
    """Called again and again while it lasts."""
    felt = ("repeats", "closed")  # one of these must be counted meanwhile: senders refused or cut off; or the probe had to wait
    seconds = SECONDS  # and on a slow machine until it is felt
    certain = True   # and what is answered 4xx has not been delivered

    def __init__(self, ground):
        self.ground, self.gateway = ground, ground.gateway

    def begin(self):
        pass

    def hold(self):
        pass

    def end(self):
        pass


class FullDisk(Trouble):
    """No block is free, whatever others give back."""

    def begin(self):
        self.file = open(self.ground.disk + "/ballast", "wb")
        self.hold()

    def hold(self):
        size = 1 << 24
        while size >= 4096:
            try:
                os.posix_fallocate(self.file.fileno(), os.fstat(self.file.fileno()).st_size, size)
            except OSError:
                size //= 2

    def end(self):
        self.file.close()
        os.unlink(self.ground.disk + "/ballast")


class NoInodes(Trouble):
    def begin(self):
        self.number = 0
        os.mkdir(self.ground.disk + "/fillers")
        self.hold()

    def hold(self):
        try:
            while True:
                open(self.ground.disk + "/fillers/%d" % self.number, "w").close()
                self.number += 1
        except OSError:
            pass

    def end(self):
        must("rm", "-r", self.ground.disk + "/fillers")


class NoDescriptors(Trouble):
    """The limit of a role is what it has open at this moment."""
    role = ""

    def begin(self):
        self.before = {pid: limit(pid) for pid in self.gateway.roles()[self.role]}
        self.hold()

    def hold(self):
        for pid in self.before:
            limit(pid, (lowest_free(pid), self.before[pid][1]))

    def end(self):
        for pid, value in self.before.items():
            limit(pid, value)


class StoreDescriptors(NoDescriptors):
    role = "store"


class FrontendDescriptors(NoDescriptors):
    role = "frontend"


class DirectoryDescriptors(NoDescriptors):
    """New connections for password checks cannot be made; those that are there go on."""
    role = "directory"
    felt = ()


class RelayDescriptors(NoDescriptors):
    """Nobody who sends to us notices."""
    role = "relay"
    felt = ()


class ResolverDescriptors(RelayDescriptors):
    role = "resolver"


class SlowDisk(Trouble):
    """Every sync of the store takes far longer than a message does in good weather: each message shows it."""
    felt = ()
    certain = False
    delay = 0.3  # good_weather() makes it longer on a slow machine

    def injected(self):
        return "delay_enter=%d" % (SlowDisk.delay * 1000000)

    def begin(self):
        pid = self.gateway.roles()["store"][0]
        syncs = "fsync,fdatasync,syncfs,sync_file_range"
        self.trace = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-e", "trace=" + syncs, "-e",
                                       "inject=%s:%s" % (syncs, self.injected()), "-p", str(pid)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        at_end(self.trace.kill)
        wait_for(lambda: "TracerPid:\t%d\n" % self.trace.pid in open("/proc/%d/status" % pid).read(), step=0.02)

    def end(self):
        self.trace.terminate()
        self.trace.wait(PATIENCE)


class FailingDisk(SlowDisk):
    """Of each thread's syncs every third fails."""
    felt = ("repeats", "closed")
    certain = True

    def injected(self):
        return "error=EIO:when=2+3"


class HangingDisk(Trouble):
    """The store does nothing for so long that nobody waits any more. What it then does may come too late."""
    certain = False
    seconds = 35

    def begin(self):
        self.pid = self.gateway.roles()["store"][0]
        os.kill(self.pid, signal.SIGSTOP)

    def end(self):
        os.kill(self.pid, signal.SIGCONT)


class NoDirectory(Trouble):
    """Stopped, and started again while mail goes on; known recipients are served, logins are not."""
    felt = ("POP3 interrupted",)

    def begin(self):
        self.ground.slapd.stop()

    def end(self):
        self.ground.slapd.start()


class Rlimit(ctypes.Structure):
    _fields_ = [("soft", ctypes.c_uint64), ("hard", ctypes.c_uint64)]


def limit(pid, new=None):
    """RLIMIT_NOFILE of another process, set as its own user: that takes no capability."""
    if new:
        status = os.stat("/proc/%d" % pid)
        child = os.fork()
        if child == 0:
            os.setgid(status.st_gid)
            os.setuid(status.st_uid)
            os._exit(1 if ctypes.CDLL(None).prlimit(pid, 7, ctypes.byref(Rlimit(*new)), None) else 0)
        if os.waitpid(child, 0)[1] != 0:
            raise RuntimeError("prlimit of %d fails" % pid)
    with open("/proc/%d/limits" % pid) as file:
        soft, hard = re.search(r"Max open files +(\d+) +(\d+)", file.read()).groups()
    return int(soft), int(hard)


def lowest_free(pid):
    used = set(map(int, os.listdir("/proc/%d/fd" % pid)))
    return next(number for number in range(len(used) + 1) if number not in used)


# --- the weather ---

def slowest():
    """Seconds for one message from connection to 250, and what was answered."""
    begin = time.monotonic()
    try:
        talk = Talk(ADDRESS, 25)
        for line in (None, "EHLO probe.example", "MAIL FROM:<x@elsewhere.example>", "RCPT TO:<probe@corp.example>",
                     "DATA"):
            answer = talk.reply() if line is None else talk.ask(line)
            if answer[0] not in "23":
                return time.monotonic() - begin, answer
        answer = talk.ask("Subject: probe\r\n\r\nprobe\r\n.")
        talk.close()
    except Closed as error:
        answer = "closed: %s" % error
    return time.monotonic() - begin, answer


def drop(departures):
    """Into the pickup folder; what cannot be taken from there is tried again after a minute, too long for a short run."""
    full_or_short(departures.dropping.set, departures.dropping.clear)()


def queue_empties(departures, name):
    departures.dropping.clear()
    departures.outside.well = True
    check("%s: what waits goes out" % name, wait_for(departures.drained, 2 * PATIENCE, 0.5),
          list(departures.waiting().files.values())[:5])
    wrong = departures.judge(drained=True)
    check("%s: all that went out has arrived, once, or was told of" % name, not wrong, wrong[:5])
    print("# %s: %d have gone out" % (name, len(departures.outside.deliveries)))
    departures.outside.well = False
    drop(departures)


def trouble(ground, ledger, departures, name, kind):
    one, counts = kind(ground), ledger.counts.copy()
    load = Load(ground, ledger, name, certain=one.certain)
    wait_for(lambda: ledger.counts["accepted"] > counts["accepted"] + 10)
    good, before, times = ledger.counts.copy(), ground.gateway.pids(), []

    def felt():
        """Somebody was refused or cut off, or had to wait."""
        return max(times) > 0.5 or any((ledger.counts - good)[what] for what in one.felt)
    try:
        one.begin()
        end = time.monotonic() + one.seconds
        late = end + PATIENCE
        while not times or time.monotonic() < end or one.felt and not felt() and time.monotonic() < late:
            one.hold()
            times.append(slowest()[0])
            time.sleep(0.1)
        was_felt, told = felt(), dict(ledger.counts - good)
        one.end()
        begin, taken = time.monotonic(), ledger.counts["accepted"]
        again = wait_for(lambda: slowest()[1].startswith("250") and ledger.counts["accepted"] >= taken + 30)
        took = time.monotonic() - begin
    finally:
        finished = load.end()
    if one.felt:
        check("%s: the trouble was felt" % name, was_felt, "the slowest took %.2f s; %s" % (max(times), told))
    if kind is SlowDisk:
        check("%s: the trouble was felt, the fastest took %.1f s" % (name, min(times)), min(times) >= SlowDisk.delay, times)
    check("%s: mail is accepted again after %.1f s" % (name, took), again and finished, ground.gateway.tail())
    check("%s: by the same processes" % name, ground.gateway.pids() == before,
          "%s, were %s" % (ground.gateway.pids(), before))
    check("%s: every answer was good or temporary" % name, ledger.counts["wrong"] == counts["wrong"], ledger.wrong[:5])
    found = everything(ground, ledger)
    check("%s: nothing is lost, torn or doubled" % name, not found, found[:5])
    queue_empties(departures, name)
    print("# %s: %s" % (name, ", ".join("%s %d" % pair for pair in sorted((ledger.counts - counts).items()))))


def good_weather(ground, ledger):
    """The questions above say no when nothing is wrong."""
    load = Load(ground, ledger, "good weather", certain=True)
    wait_for(lambda: ledger.counts["accepted"] > 50)
    check("good weather: nobody is refused", not (set(ledger.counts) & {"repeats", "closed"}), dict(ledger.counts))
    times = [slowest()[0] for _ in range(20)]
    SlowDisk.delay = max(SlowDisk.delay, 3 * min(times))
    check("good weather: no message takes as long as with a slow disk", min(times) < SlowDisk.delay, times)
    print("# good weather: a message takes %.2f to %.2f s" % (min(times), max(times)))
    check("good weather: all is sent", load.end())


def small_disk(ground_state):
    """ext4 of 500 MB with few inodes, in a file."""
    path, image = ground_state + "/disk", ground_state + "/image"
    os.makedirs(path)
    with open(image, "wb") as file:
        file.truncate(500 << 20)
    must("mkfs.ext4", "-q", "-m", "0", "-N", "20000", image)
    must("mount", "-o", "loop", image, path)
    at_end(command, "umount", "-l", path)
    for name in ("mail", "queue"):
        os.makedirs(path + "/" + name)
        must("chown", "postern-store:postern", path + "/" + name)
    return path


TROUBLES = (("the disk is full", FullDisk), ("no inodes", NoInodes), ("no descriptors in the store", StoreDescriptors),
            ("no descriptors in the frontends", FrontendDescriptors),
            ("no descriptors in the directory role", DirectoryDescriptors),
            ("no descriptors in the relay", RelayDescriptors), ("no descriptors in the resolver", ResolverDescriptors),
            ("the disk is slow", SlowDisk),
            ("the disk fails", FailingDisk), ("the disk hangs", HangingDisk), ("the directory restarts", NoDirectory))


def main():
    people = People()
    ground = Ground(people, ADDRESSES, [("probe", places.PASSWORD, "probe@corp.example"),
                                        ("reporter", places.PASSWORD, REPORTER)],
                    root="STATE/disk/mail", queue="STATE/disk/queue", **OUTGOING)
    ledger = Ledger()
    ground.disk = small_disk(ground.state)
    departures = Departures(ground, ledger, 0)
    departures.outside.revive()
    drop(departures)
    ground.gateway.start()
    with case("good weather"):
        good_weather(ground, ledger)
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")] or full_or_short(
        [], ["full", "the store", "frontends"])
    for name, kind in TROUBLES:
        if not wanted or any(word in name for word in wanted):
            with case(name):
                trouble(ground, ledger, departures, name, kind)
    found = litter(ground)
    check("no spool file or temporary file is left", not found, found[:5])
    log = ground.gateway.log()
    check("no process died", not re.search(DEATH, log), re.findall(DEATH, log)[:3])
    ground.gateway.stop()


run(main)
