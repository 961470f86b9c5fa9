#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A flood of messages to thousands of domains where nobody answers; others must not notice.

Each message is for twenty domains of its own, whose only host refuses connections. Meanwhile, and
behind it, mail for a server that is well goes out. Asked is:

  - every message is taken and waits, for each of its domains;
  - mail for others arrives while the flood comes in and when all of it waits;
  - what a role keeps for a domain is little: resident memory of store, relay, resolver and frontends
    before, after a half and after all of it;
  - nobody dies.

That the checks can fail: the same limit of memory, asked of one octet for each domain, must be passed.

  flood.py [--short]
"""
import threading
import time

from ground import ADDRESS, Ground, People, full_or_short
from harness import PATIENCE, case, check, run, status_of, wait_for
from scripted_smtp import Sink
from senders import Closed, Talk
from zones import Zones

DNS, WELL, DEAD = "10.54.0.53", "10.54.1.1", "10.54.1.9"
DOMAINS = full_or_short(20000, 2000)
EACH = 20
A_DOMAIN = 6000      # octets that a role may keep for each dead domain
AT_ONCE = 24 << 20   # and whatever it needs for its work at a time


def send(talk, recipients, subject):
    for line in ["MAIL FROM:<reporter@corp.example>"] + ["RCPT TO:<%s>" % one for one in recipients]:
        answer = talk.ask(line)
        if not answer.startswith("250"):
            raise RuntimeError("%s: %s" % (line, answer))
    talk.ask("DATA")
    answer = talk.ask("Subject: %s\r\n\r\nx\r\n." % subject)
    if not answer.startswith("250"):
        raise RuntimeError("end of data: " + answer)


def session():
    talk = Talk(ADDRESS, 25)
    talk.reply()
    talk.ask("EHLO flood.example")
    return talk


class Flood:
    def __init__(self, ground):
        self.ground, self.wrong, self.lock, self.next = ground, [], threading.Lock(), 0

    def until(self, number):
        """Sends to all domains below that number."""
        threads = [threading.Thread(target=self.some, args=(number,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def some(self, number):
        try:
            talk = session()
            while True:
                with self.lock:
                    first, self.next = self.next, min(self.next + EACH, number)
                if first >= number:
                    break
                send(talk, ["x@d%d.many.example" % i for i in range(first, first + EACH)], "flood")
            talk.close()
        except (Closed, RuntimeError) as error:
            self.wrong.append(str(error))


def memory(gateway):
    """role -> octets of its largest process."""
    return {role: max((int(status_of(pid)["VmRSS"].split()[0]) * 1024 for pid in pids), default=0)
            for role, pids in gateway.roles().items()}


def waiting(gateway):
    return gateway.tool("--json", "queue", "list").stdout.count('"address": ')


def arrives(sink, subject):
    begin = time.monotonic()
    talk = session()
    send(talk, ["somebody@well.example"], subject)
    talk.close()
    check("%s: mail for others arrives" % subject, sink.took(subject, 2 * PATIENCE))
    print("# %s: after %.2f s" % (subject, time.monotonic() - begin))


def too_much(before, now, domains, each, at_once):
    return {role: "%d, was %d" % (now[role], before[role]) for role in before
            if now[role] - before[role] > domains * each + at_once}


def flood(ground, sink):
    gateway, one = ground.gateway, Flood(ground)
    arrives(sink, "in-good-weather")
    before, pids = memory(gateway), gateway.pids()
    one.until(DOMAINS // 2)
    arrives(sink, "after-a-half")
    half = memory(gateway)
    late = threading.Thread(target=one.until, args=(DOMAINS,))
    late.start()
    arrives(sink, "while-it-comes-in")
    late.join()
    check("every message of the flood is taken", not one.wrong, one.wrong[:3])
    count = wait_for(lambda: waiting(gateway) >= DOMAINS and waiting(gateway)) or waiting(gateway)
    check("and waits for each of its domains", count == DOMAINS, count)
    arrives(sink, "behind-it")
    after = memory(gateway)
    print("# KB before, half, all: %s" % ", ".join("%s %d %d %d" % (role, before[role] >> 10, half[role] >> 10,
                                                                    after[role] >> 10) for role in before))
    found = too_much(before, after, DOMAINS, A_DOMAIN, AT_ONCE)
    check("each role keeps little of it", not found, found)
    check("damage is found: what is kept is more than nothing", too_much(before, after, DOMAINS, 1, 0), after)
    check("by the same processes", gateway.pids() == pids, "%s, were %s" % (gateway.pids(), pids))


def main():
    more = dict(smtp_more='relay = { "10.54.0.0/16" } outbound { retry = { "1h" } delay_notice = 0 }')
    more["more"] = 'dns_servers = { "%s" }\ndomain "small.example" { directory = "corp" postmaster = "d0@small.example" }' % DNS
    ground = Ground(People(), [DNS, WELL, DEAD], [("reporter", "Force-Pw1", "reporter@corp.example")], **more)
    Zones(ground.state + "/nsd", DNS, {"well.example": ["@ MX 10 mx", "mx A " + WELL],
                                       "many.example": ["* MX 10 mx", "mx A " + DEAD]})
    sink = Sink(WELL)
    ground.gateway.start()
    with case("flood"):
        flood(ground, sink)
    ground.gateway.stop()


run(main)
