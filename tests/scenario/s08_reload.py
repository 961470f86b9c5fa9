#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Generations: reloads that fail, follow each other or meet a death; what all frontends count together."""
import os
import resource
import signal
import socket
import time

import harness
from clients import Smtp, token
from harness import (Process, Stopwatch, case, check, children, contains, equal, lacks, read, run, state_directory,
                     wait_for)
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population

PEOPLE = [("u%d" % i, "pw%d" % i, "u%d@corp.example" % i) for i in range(4)]

MORE = """
smtp "Clear" {
	listen "10.54.0.2:2527" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous" }
}
smtp "Few" {
	listen "10.54.0.2:2528" { tls = "none" }
	fqdn = "mail.corp.example"
	authentication = { "anonymous" }
	connections_per_address = 6
}
"""
UNREACHABLE = """
smtp "Good" { listen "10.54.0.2:4444" { tls = "none" } fqdn = "mail.corp.example" authentication = { "anonymous" } }
smtp "Bad" { listen "10.99.0.2:4445" { tls = "none" } fqdn = "mail.corp.example" authentication = { "anonymous" } }
"""


def ups(gateway):
    return gateway.log().count("master.up")


def reload_done(gateway):
    before = ups(gateway)
    gateway.process.signal(signal.SIGHUP)
    return wait_for(lambda: ups(gateway) > before)


MANY = 40  # frontends of a generation that is to take its time to come up


def one_generation_left(gateway):
    def count():
        found = {role: len(pids) for role, pids in gateway.roles().items()}
        return found["frontend"] in (2, MANY) and all(found[role] == 1 for role in ("directory", "store", "relay", "resolver"))
    return wait_for(count)


def reload_is_killed(gateway, when_ready):
    """True when the new directory role died, maybe when it was ready, before its many frontends were up."""
    one_generation_left(gateway)
    old, mark = set(children(gateway.process.pid)), gateway.mark()
    gateway.process.signal(signal.SIGHUP)
    new = wait_for(lambda: set(gateway.roles()["directory"]) - old, step=0.001)
    if when_ready:
        gateway.logged("role.ready role=directory", mark)
    for pid in new:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_for(lambda: "master.reload_failed" in gateway.log_since(mark) or
             "master.up" in gateway.log_since(mark))
    return "master.reload_failed" in gateway.log_since(mark)


def role_dies_while_it_starts(gateway):
    """The new directory role is killed before all are ready: the old generation serves, the next reload works."""
    gateway.write(frontends=MANY)
    for name, when_ready in (("a reload whose role dies", False), ("one whose role dies when it was ready", True)):
        given_up, end = 0, time.monotonic() + 2 * harness.PATIENCE
        while given_up < 2 and time.monotonic() < end:  # a kill may come too late
            one_generation_left(gateway)
            frontends = gateway.roles()["frontend"]
            if reload_is_killed(gateway, when_ready):
                given_up += 1
                check("the old generation stays", wait_for(lambda: gateway.roles()["frontend"] == frontends),
                      "%s, were %s" % (gateway.roles()["frontend"], frontends))
        check(name + " is given up", given_up == 2, given_up)

    def serves():
        with Smtp(ADDRESS, 2527) as smtp:
            return smtp.envelope("a@b.example", "u1@corp.example").code == 250
    # A kill that came too late has cost the directory role of the generation that took over.
    check("it serves", wait_for(serves))
    gateway.write(frontends=2)
    check("the next reload is taken", reload_done(gateway), gateway.tail())
    check("nobody of the failed ones is left", one_generation_left(gateway), children(gateway.process.pid))


def reload_that_cannot_listen(gateway):
    mark = gateway.mark()
    gateway.write(more=MORE + UNREACHABLE)
    gateway.process.signal(signal.SIGHUP)
    contains("the log says why", gateway.logged("master.reload_failed", mark) or "", "10.99.0.2:4445")

    def closed():
        try:
            socket.create_connection((ADDRESS, 4444), 30).close()
        except ConnectionRefusedError:
            return True
        return False
    check("a port it had bound is closed again", wait_for(closed))
    gateway.write(more=MORE)


def reload_of_what_needs_a_restart(gateway):
    mark = gateway.mark()
    gateway.write(more='user_prefix = "nobody"\n' + MORE)
    gateway.process.signal(signal.SIGHUP)
    check("another user_prefix is refused", gateway.logged("master.reload_failed", mark))
    gateway.write(more=MORE)


def reloads_in_a_row(gateway):
    """The last one counts, however close they come."""
    gateway.write(more=MORE)
    gateway.process.signal(signal.SIGHUP)
    time.sleep(0.02)
    gateway.write(more=MORE.replace("Few", "Fewer").replace("2528", "2529"))
    gateway.process.signal(signal.SIGHUP)
    check("the second configuration serves", wait_for(lambda: gateway.answers(2529)), gateway.tail())
    gateway.write(more=MORE)
    check("and the first again", reload_done(gateway) and wait_for(lambda: gateway.answers(2528)))
    check("one generation is left", one_generation_left(gateway), children(gateway.process.pid))


def directory_of_the_old_generation_dies(gateway):
    smtp = Smtp(ADDRESS, 2527)
    old = gateway.roles()["directory"][0]
    reload_done(gateway)
    os.kill(old, signal.SIGKILL)

    def resolved():
        smtp.ask("RSET")
        return smtp.envelope("a@b.example", "u3@corp.example").code == 250
    check("a session from before a reload gets its directory role back", wait_for(resolved))
    smtp.ask("QUIT")
    smtp.close()
    check("with its last session the generation is gone", one_generation_left(gateway),
          children(gateway.process.pid))


def connections_are_counted_together(gateway):
    held, counts = [], []

    def welcome(count):
        """How many of so many are; those of a moment ago may not have been counted off yet."""
        while held:
            held.pop().close()
        try:
            held.extend(socket.create_connection((ADDRESS, 2528), harness.PATIENCE) for _ in range(count))
            counts.append([connection.recv(200)[:3] for connection in held].count(b"220"))
        except OSError:  # a frontend that dies takes along what it has not greeted yet
            return 0
        return counts[-1]
    wait_for(lambda: welcome(14) >= 6, step=0.2)
    equal("as many as the limit, whoever accepts them", max(counts), 6)
    for pid in gateway.roles()["frontend"]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: gateway.answers(2528))
    check("those of dead frontends count no more", wait_for(lambda: welcome(6) == 6, step=0.2), counts[-3:])
    for connection in held:
        connection.close()


def log_follows(gateway):
    """A process that started before the log was moved away writes into the new one."""
    log = gateway.values["log"]
    os.rename(log, log + ".1")
    gateway.process.signal(signal.SIGHUP)
    check("the new log is there", wait_for(lambda: "master.up" in read(log)))
    word = token()
    with Smtp(ADDRESS, 2527) as smtp:
        smtp.transact(word + "@b.example", "u1@corp.example", "Subject: log\r\n\r\nx")
    check("what comes now stands in it", gateway.logged(word), gateway.tail())
    lacks("nobody writes into the old one", read(log + ".1"), word)


def stop_in_the_middle_of_a_start(gateway):
    gateway.stop()
    wrong = []
    for number in range(8):
        codes, times = [], []
        for _ in range(4):  # a machine that stands still may make it last as long as a drain once, but not each time
            gateway.process = None
            gateway.start_only()
            time.sleep(0.05 + number * 0.06)
            watch = Stopwatch()
            codes.append(gateway.stop())
            times.append(watch.seconds)
            if times[-1] < 9:  # a drain takes ten
                break
        if min(times) > 9 or not set(codes) <= {0, -signal.SIGTERM}:
            wrong.append((codes, times))
    equal("SIGTERM during the start ends at once and well", wrong, [])


def few_descriptors(gateway):
    """With every descriptor that may be had in use, the frontends outlive the deaths of others."""
    gateway.stop()
    mark = gateway.mark()
    gateway.start_only(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (192, 192)))
    gateway.logged("master.up", mark)
    wait_for(lambda: gateway.answers(2527))
    frontends = gateway.roles()["frontend"]
    held = [socket.create_connection((ADDRESS, 2527), harness.PATIENCE) for _ in range(420)]
    check("it says that it is full", gateway.logged("frontend.full", mark))
    killed = gateway.mark()
    for pid in gateway.roles()["store"] + gateway.roles()["directory"]:
        os.kill(pid, signal.SIGKILL)
    for role in ("store", "directory"):
        check("another %s comes up meanwhile" % role, gateway.logged("role.ready role=" + role, killed),
              gateway.log_since(killed))
    for connection in held:
        connection.close()

    def serves():
        with Smtp(ADDRESS, 2527) as smtp:
            return smtp.transact("a@b.example", "u1@corp.example", "Subject: few\r\n\r\nx").code == 250
    check("and serves when there is room again", wait_for(serves))
    equal("no frontend died", gateway.roles()["frontend"], frontends)
    gateway.stop()


class StartableGateway(Gateway):
    def start_only(self, preexec=None):
        self.process = Process(harness.POSTERND, "-c", self.write(), log=self.state + "/posternd.out",
                               preexec=preexec)


def main():
    Namespace()
    state = state_directory()
    certificates(state)
    Slapd(state + "/slapd", population(PEOPLE), address="127.0.0.1")
    gateway = StartableGateway(state, ["ldap://127.0.0.1:389"], more=MORE,
                               directory_tls='tls = "none"\n\tallow_plaintext_on_loopback = true')
    gateway.start()
    for part in (role_dies_while_it_starts, reload_that_cannot_listen, reload_of_what_needs_a_restart,
                 reloads_in_a_row, directory_of_the_old_generation_dies, connections_are_counted_together,
                 log_follows, stop_in_the_middle_of_a_start, few_descriptors):
        with case(part.__name__):
            part(gateway)


run(main)
