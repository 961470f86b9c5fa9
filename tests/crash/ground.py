# SPDX-License-Identifier: ISC
"""What the proofs by force stand on: a namespace of their own, slapd, and a gateway whose every process can be killed.

Three kinds of mailboxes: rN@corp.example with a quota nobody reaches, sN@sales.example with
none, dN@small.example with one that is reached all the time.
"""
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../scenario"))
import harness  # noqa: E402

harness.NAME = "crash_" + harness.NAME

from harness import children, must, state_directory, wait_for  # noqa: E402
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population  # noqa: E402

SMALL = 2 << 20  # quota of dN@small.example
LARGE = 256 << 20
PASSWORD = "Force-Pw1"
LDAP = "127.0.0.1"
SHORT = "--short" in sys.argv or bool(os.environ.get("CRASH_SHORT"))


def full_or_short(full, short):
    return short if SHORT else full


class People:
    def __init__(self, large=6, free=4, small=4):
        self.large = ["r%d@corp.example" % i for i in range(large)]
        self.free = ["s%d@sales.example" % i for i in range(free)]
        self.small = ["d%d@small.example" % i for i in range(small)]
        self.kept = self.large + self.free  # nobody deletes there
        self.all = self.kept + self.small
        self.others = []  # addresses of other domains

    def entries(self):
        return [(address.split("@")[0], PASSWORD, address) for address in self.all]

    @staticmethod
    def quota(address):
        return {"corp.example": LARGE, "small.example": SMALL}.get(address.split("@")[1], 0)


class KillableGateway(Gateway):
    """Loopback, plain text allowed; certificates are there for those who want TLS."""

    def __init__(self, state, **options):
        values = dict(
            directory_tls='tls = "none"\n\tallow_plaintext_on_loopback = true',
            domain_more="quota = %d" % LARGE, pop3_more="basic_without_tls = true",
            more='domain "small.example" { directory = "corp" quota = %d postmaster = "d0@small.example" }' % SMALL)
        values.update(options)
        super().__init__(state, ["ldap://%s:389" % LDAP], **values)
        self.mail = self.values["root"]

    def pids(self):
        """Master first."""
        return [self.process.pid, *children(self.process.pid)]

    def kill_role(self, role, choose):
        """kill -9 of one process of the role; False when there is none at this instant."""
        pids = self.roles()[role]
        pid = choose(pids) if pids else None
        if not pid:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def kill_all(self, shuffle):
        """kill -9 of every process, in any order; returns when all have gone."""
        pids = self.pids()
        shuffle(pids)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.popen.wait(harness.PATIENCE)
        if not wait_for(lambda: not any(alive(pid) for pid in pids), step=0.01):
            raise RuntimeError("processes outlive kill -9: %s" % [pid for pid in pids if alive(pid)])

    def ready(self):
        return self.answers(25) and self.answers(110)

    def start(self, seconds=harness.PATIENCE, **options):
        super().start(seconds, **options)
        if not wait_for(self.ready, seconds):
            raise RuntimeError("not all ports answer: " + self.tail())

    def descriptors(self):
        """(role, pid) -> how many are open."""
        return {(role, pid): len(os.listdir("/proc/%d/fd" % pid))
                for role, pids in self.roles().items() for pid in pids}


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def many_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Ground:
    def __init__(self, people, addresses=(), more_people=(), **options):
        many_descriptors()
        self.people = people
        self.state = state_directory()
        Namespace(ADDRESS, *addresses)
        certificates(self.state)
        self.slapd = Slapd(self.state + "/slapd", population(people.entries() + list(more_people)), address=LDAP)
        self.gateway = KillableGateway(self.state, **{key: value.replace("STATE", self.state)
                                                       for key, value in options.items()})

    def mailbox_path(self, address):
        """Found by its binding, as the address may not be its name."""
        local, domain = address.split("@")
        return os.path.join(self.gateway.mail, domain, local)


__all__ = ["ADDRESS", "Ground", "KillableGateway", "PASSWORD", "People", "SHORT", "SMALL", "full_or_short",
           "alive", "must"]
