# SPDX-License-Identifier: ISC
"""The world outside: a name server, and mail servers of other domains that are not always well.

  even.example   takes everything; but nobody lives at no-N@, here and at the others
  deaf.example   takes messages and now and then hangs up before it says so
  grey.example   often says "try again", at any step
  gone.example   is not there from time to time
  dead.example   is not there until revive() is called

Each keeps what it was sent, in .deliveries, and when: from the instant at which it asked for the
text, which nobody sent who was dead by then, to the one at which it said that it has it.
"""
import random
import socket
import threading
import time

import ground  # noqa: F401  finds the scenarios' modules
from letters import examine, token_of
from scripted_smtp import CLOSE, Sink
from zones import Zones

DNS = "10.54.0.53"
DOMAINS = {"even.example": "10.54.1.1", "deaf.example": "10.54.1.2", "grey.example": "10.54.1.3",
           "gone.example": "10.54.1.4", "dead.example": "10.54.1.5"}
ADDRESSES = [DNS, *DOMAINS.values()]
NOBODY = "no-"


def names():
    """Those who may be written to; the dead one seldom, as its mail stays."""
    people = ["u%d@%s" % (i, domain) for domain in DOMAINS if domain != "dead.example" for i in range(3)]
    people += [NOBODY + "%d@%s" % (i, domain) for i, domain in enumerate(("even.example", "grey.example"))]
    return people + ["u0@dead.example"]


class Delivery:
    def __init__(self, token, address, begun, lost):
        self.token, self.address, self.begun = token, address, begun
        self.lost = lost  # its acknowledgement was not sent on purpose


class Outside:
    def __init__(self, state, seed=0):
        self.deliveries, self.wrong, self.lock = [], [], threading.Lock()
        self.random = random.Random("%s outside" % seed)
        self.well = False  # True: everybody behaves, so that all gets to its end
        Zones(state + "/nsd", DNS, {name: ["@ MX 10 mx", "mx A " + address] for name, address in DOMAINS.items()})
        self.sinks = {name: self.open(name) for name in DOMAINS if name != "dead.example"}
        threading.Thread(target=self.come_and_go, daemon=True).start()

    def open(self, name):
        return Sink(DOMAINS[name], name="mx." + name, mail=self.mail, rcpt=self.rcpt, data=self.data, end=self.end)

    def chance(self, part):
        return not self.well and self.random.random() < part

    def come_and_go(self):
        """gone.example refuses connections for a while, then takes them again."""
        while True:
            time.sleep(0.5 + self.random.random())
            if not self.chance(0.5):
                continue
            sink = self.sinks["gone.example"]
            sink.socket.shutdown(socket.SHUT_RDWR)
            sink.stop()
            time.sleep(self.random.random())
            self.sinks["gone.example"] = self.open("gone.example")

    def revive(self):
        self.sinks["dead.example"] = self.open("dead.example")

    @staticmethod
    def of(session, name):
        return session.sink.name == "mx." + name

    def mail(self, session, line):
        if self.of(session, "grey.example") and self.chance(0.1):
            return self.random.choice((CLOSE, "451 4.3.0 not now", "421 4.3.2 shutting down"))
        return "250 2.1.0 ok"

    def rcpt(self, session, line):
        if session.sender is None:
            return "503 5.5.1 MAIL was refused"
        if NOBODY in line:
            return "550 5.1.1 nobody lives there"
        if self.of(session, "grey.example") and self.chance(0.3):
            return "451 4.7.1 not yet"
        return "250 2.1.5 ok"

    def data(self, session, line):
        session.begun = time.monotonic()
        return "354 go on"

    def end(self, session, text):
        if self.of(session, "grey.example") and self.chance(0.1):
            return "451 4.3.0 the disk is full"
        lost = self.of(session, "deaf.example") and self.chance(0.2)
        whole = text.replace("\n", "\r\n").encode("latin-1")
        with self.lock:
            for address in session.recipients:
                token, wrong = examine(whole, address)
                if wrong:
                    self.wrong.append("%s got: %s" % (address, wrong))
                self.deliveries.append(Delivery(token or token_of(whole), address, session.begun, lost))
        session.sink.messages.clear()
        return CLOSE if lost else "250 2.0.0 ok"

    def taken(self):
        """(token, address) -> deliveries, in the order in which they began."""
        found = {}
        with self.lock:
            for one in self.deliveries:
                found.setdefault((one.token, one.address), []).append(one)
        for several in found.values():
            several.sort(key=lambda one: one.begun)
        return found


class Kills:
    """When something was killed whose death may cost an acknowledgement.

    Of the relay: between two arrivals of a message. Of the store also before the first: what the
    relay has under way arrives, and the store that comes after does not know that it was under way.
    """

    def __init__(self):
        self.times = []  # (before, after, of the store alone)

    def around(self, kill, store=False):
        before = time.monotonic()
        done = kill()
        self.times.append((before, time.monotonic(), store))
        return done

    def between(self, letter, first, second):
        """Numbers of those that explain that the second came after the first."""
        return [number for number, (before, after, store) in enumerate(self.times)
                if before <= second and after >= (letter.begun if store else first)]

    def since(self, begin):
        return sum(one[1] >= begin for one in self.times)
