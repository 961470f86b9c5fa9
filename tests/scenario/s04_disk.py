#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The mail file system is full: no space, no inodes. Answers are temporary and nothing is left behind."""
import os

from clients import Smtp, mailbox, message, subjects, token
from harness import at_end, case, check, command, equal, must, run, state_directory, wait_for
from site_under_test import ADDRESS, Gateway, Namespace, Slapd, certificates, population, tls

PEOPLE = [("alice", "Alice-Pw1", "alice@corp.example"), ("bob", "Bob-Pw1", "bob@corp.example"),
          ("erin", "Erin-Pw1", "erin@corp.example"), ("grace", "Grace-Pw1", "grace@corp.example")] + \
         [("n%d" % number, "N%d-Pw1" % number, "n%d@corp.example" % number) for number in range(40)]
FULL = "452 4.3.1"


def disk(state, kind):
    """A small file system at state/disk; what it is mounted from."""
    path = state + "/disk"
    os.makedirs(path)
    if kind == "ext4":
        image = state + "/image"
        with open(image, "wb") as file:
            file.truncate(24 << 20)
        must("mkfs.ext4", "-q", "-m", "0", "-N", "400", "-J", "size=4", image)
        must("mount", "-o", "loop", image, path)
    else:
        must("mount", "-t", "tmpfs", "-o", "size=12m,nr_inodes=400,mode=755", "tmpfs", path)
    at_end(command, "umount", path)
    for name in ("mail", "queue"):
        os.makedirs(path + "/" + name)
        must("chown", "postern-store:postern", path + "/" + name)
    return path


def files(path):
    """Every file with its size, and every folder; what counts octets of a mailbox may be rewritten at any time."""
    found = {}
    for folder, folders, names in os.walk(path):
        for name in names + folders:
            if name not in ("maildirsize", "ballast") and not name.startswith("filler"):
                full = os.path.join(folder, name)
                try:
                    found[os.path.relpath(full, path)] = 0 if name in folders else os.lstat(full).st_size
                except FileNotFoundError:
                    pass  # just taken away
    return found


def free(path):
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize, status.f_favail


class Ballast:
    """Takes space or inodes away until little is left."""

    def __init__(self, path):
        self.path = path

    def space(self, leave):
        octets = free(self.path)[0] - leave
        file = os.open(self.path + "/ballast", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        try:
            while octets > 0:
                octets -= os.write(file, b"\0" * min(octets, 1 << 16))
        except OSError:
            pass  # even fuller than was asked for
        finally:
            os.close(file)

    def inodes(self, leave):
        number = 0
        while free(self.path)[1] > leave:
            try:
                open("%s/filler%d" % (self.path, number), "w").close()
            except OSError:
                return
            number += 1

    def away(self):
        for name in os.listdir(self.path):
            if name == "ballast" or name.startswith("filler"):
                os.unlink(os.path.join(self.path, name))


def send(recipients, text):
    with Smtp(ADDRESS) as smtp:
        answer = smtp.transact("x@elsewhere.example", recipients, text)
        after = smtp.ask("NOOP").code
        return answer, after


def until_full(name, path):
    """Mail until it does not fit. What was accepted."""
    accepted = []
    for _ in range(400):
        word = token()
        answer, after = send("alice@corp.example", message(word, size=100000))
        if answer.code != 250:
            break
        accepted.append(word)
    check(name + ": in the end there is no room, and that is temporary", answer.startswith(FULL), answer)
    equal(name + ": the session goes on", after, 250)
    check(name + ": some messages were taken", len(accepted) > 5, len(accepted))
    return accepted


def nothing_left(name, path, attempts):
    """Every attempt is refused for now, and leaves the disk as it was."""
    before, room = files(path), free(path)
    for what, recipients, size in attempts:
        answer, after = send(recipients, message(token(), size=size))
        check("%s: %s is answered %s" % (name, what, FULL), answer.startswith(FULL), answer)
        equal("%s: after %s the session goes on" % (name, what), after, 250)
    wait_for(lambda: files(path) == before)
    equal(name + ": nothing is left behind", sorted(files(path).items()), sorted(before.items()))
    back = wait_for(lambda: free(path)[0] >= room[0] - 65536 and free(path)[1] >= room[1] - 1)
    check(name + ": the room is as it was", back, "%s, was %s" % (free(path), room))


def space(name, path, context):
    ballast = Ballast(path)
    ballast.space(leave=3 << 20)
    accepted = until_full(name, path)
    nothing_left(name, path, (("a large message", "alice@corp.example", 300000),
                              ("one for two", ["alice@corp.example", "erin@corp.example"], 300000),
                              ("one for a new mailbox", "bob@corp.example", 300000)))
    got = mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=False)
    equal(name + ": what was accepted can be read", sorted(subjects(got)), sorted(accepted))
    check(name + ": and is whole", all(len(text) > 99000 for text in got))
    ballast.space(leave=0)
    got = mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=True)
    equal(name + ": on a disk without one free block it can be deleted", len(got), len(accepted))
    equal(name + ": and is gone", mailbox(ADDRESS, context, "alice", "Alice-Pw1"), [])
    ballast.away()
    works_again(name, context, "alice", "bob")


def held_ready(name):
    """Files that the frontend was given before the disk was full still serve: a few messages."""
    taken = []
    while len(taken) < 40:
        word = token()
        if send("alice@corp.example", message(word, size=1000))[0].code != 250:
            break
        taken.append(word)
    check(name + ": the files held ready are few", len(taken) <= 16, len(taken))
    return taken


def inodes(name, path, context):
    ballast = Ballast(path)
    ballast.inodes(leave=0)
    taken = held_ready(name)
    nothing_left(name, path, (("a small message", "alice@corp.example", 1000),
                              ("one for a new mailbox", "grace@corp.example", 1000)))
    ballast.away()
    got = mailbox(ADDRESS, context, "alice", "Alice-Pw1", delete=True)
    equal(name + ": what was taken is there", sorted(subjects(got)), sorted(taken))
    works_again(name, context, "alice", "grace")


def little_left(name, path, context, people):
    """Room for the message but not for a new mailbox, one block or inode more each time."""
    ballast, taken, refused = Ballast(path), 0, 0
    for what, leave, step in (("inodes", ballast.inodes, 1), ("blocks", ballast.space, 4096)):
        for number in range(12):
            person = people.pop()
            ballast.away()
            leave(leave=number * step)
            before = files(path)
            answer, _ = send(person + "@corp.example", message(token()))
            if answer.code == 250:
                got = mailbox(ADDRESS, context, person, person.capitalize() + "-Pw1")
                taken += check("%s: with %d %s left it is there" % (name, number, what), len(got) == 1, len(got))
                continue
            refused += 1
            check("%s: with %d %s left it is %s" % (name, number, what, FULL), answer.startswith(FULL), answer)
            # An empty mailbox may have been made; whoever comes next takes it over.
            own = "mail/corp.example/%s" % person
            permitted = own, own + "/cur", own + "/new", own + "/tmp", own + "/postern-id"

            def after():
                return {file: size for file, size in files(path).items() if file not in permitted}
            wait_for(lambda: after() == before)
            equal("%s: with %d %s left nothing is left behind" % (name, number, what), sorted(after().items()),
                  sorted(before.items()))
            ballast.away()
            works_again("%s: %d %s, then enough" % (name, number, what), context, person)
    ballast.away()
    check(name + ": some were refused, some taken", taken and refused, (taken, refused))


def works_again(name, context, *people):
    word = token()
    equal(name + ": with room mail is taken", send([person + "@corp.example" for person in people],
                                                   message(word, size=50000))[0].code, 250)
    for person in people:
        got = mailbox(ADDRESS, context, person, person.capitalize() + "-Pw1", delete=True)
        equal("%s: %s has it" % (name, person), subjects(got), [word])


def one_kind(kind, state, slapd, context):
    path = disk(state, kind)
    gateway = Gateway(state, [slapd.uri], root=path + "/mail", queue=path + "/queue", frontends=1)
    gateway.start()
    with case(kind + ": empty"):
        works_again(kind + ": empty", context, "alice")
    with case(kind + ": no space"):
        space(kind + ": no space", path, context)
    with case(kind + ": no inodes"):
        inodes(kind + ": no inodes", path, context)
    people = ["n%d" % number for number in range(40)]
    with case(kind + ": little left"):
        little_left(kind, path, context, people)
    equal(kind + ": no process died", gateway.log().count("role.died"), 0)
    check(kind + ": the log says that the disk is full", "disk_full=1" in gateway.log())
    gateway.stop()
    must("umount", path)


def main():
    state = state_directory()
    Namespace()
    certificates(state, ("slapd", "IP:10.54.0.1"))
    slapd = Slapd(state + "/slapd", population(PEOPLE),
                  with_tls=(state + "/slapd.pem", state + "/slapd.key", state + "/ca.pem"))
    for kind in ("ext4", "tmpfs"):
        below = state + "/" + kind
        os.makedirs(below)
        for name in ("ca.pem", "mail.corp.example.pem", "mail.corp.example.key"):
            must("cp", "-p", state + "/" + name, below)
        one_kind(kind, below, slapd, tls(state))


run(main)
