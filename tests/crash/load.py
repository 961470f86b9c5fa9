# SPDX-License-Identifier: ISC
"""Senders, readers and deleters at work together, until they are told to end."""
import threading

from ground import ADDRESS
from harness import PATIENCE
from readers import Deleter, Reader
from senders import finish, senders


class Load:
    def __init__(self, ground, ledger, seed, sending=12, reading=3, deleting=3, certain=False):
        self.fresh, self.running, self.hurry = threading.Event(), threading.Event(), threading.Event()
        self.fresh.set()
        self.running.set()
        people = ground.people
        self.senders = senders(sending, ADDRESS, ledger, people, self.fresh, seed=seed, hurry=self.hurry,
                               certain=certain)
        self.readers = [Reader(ADDRESS, ledger, people.kept, i, self.running, seed) for i in range(reading)]
        self.readers += [Deleter(ADDRESS, ledger, people.small, i, self.running, seed) for i in range(deleting)]
        for reader in self.readers:
            reader.start()

    def end(self):
        """True when every letter that was begun came to its end."""
        self.fresh.clear()
        done = finish(self.senders)
        self.running.clear()
        for reader in self.readers:
            reader.join(2 * PATIENCE)
        return done and not any(reader.is_alive() for reader in self.readers)
