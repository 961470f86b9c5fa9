#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The power-cut model: the store's system calls are recorded and the power is cut after every one of them.

power_driver delivers and removes from several threads through store.h and queue.h; strace records what it
does; power_model.py says which trees a cut may leave. For each cut seven kinds of trees are made:

  least      only what fsync, fdatasync and syncfs have promised
  most       everything that had begun (this is also kill -9)
  names      every entry of a directory, but no octet that was not synced: files are empty
  lengths    the same, but unsynced octets read as zeros
  halves     the same, but of unsynced octets each piece ends in its middle
  journal    entries in the order they were made, up to any one (ext4, xfs), unsynced octets or not
  any        each operation by the toss of a coin

Each tree is written as real files. The store is opened there, as after a power cut, and asked,
for some trees by owners who have been renamed since: every message acknowledged before the cut
is in its mailboxes, once and whole; what was acknowledged as removed is gone; nothing is torn
or foreign; quotas agree with the files; no temporary file is left; mail can be delivered again.
Of the queue: every recipient of an acknowledged message waits, unless a server had it, or its
sender is told; every file is whole, and what is written behind a torn record is read again.
Some trees then serve as the start of a second recording, so that the power also fails during
recovery; some recordings are made as on a file system without O_TMPFILE, where spool files
have names, some as on one without a journal, where they have one while they are delivered.

That the checks can fail is shown in each run: with the same recording, but syncs of files not
believed, and with no sync believed at all, messages must be found to be lost. In copies of the
tree thirteen syncs of the store were taken out in turn: eleven were missed. The others were that
of the root at the start, since it is synced again for each domain, and that for a mailbox whose
new/ is missing, which is not recorded here.

  power_cut.py [--short] [--seed NUMBER]
"""
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import ground
import harness
from harness import check, run
from mailboxes import left_over
from power_model import Model, write_tree
from power_trace import read

DRIVER = os.path.join(harness.BUILD, "tests/crash/power_driver")
SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(time.time()) % 100000
BATCH = 40
BEGIN = time.time()
TEMPORARY = re.compile(r"/tmp/[^/]*$")


def record(folder, name, seed, threads, count, start=None, spool=""):
    """(root, tree before it, calls) of one run of the driver."""
    root, before, trace = (os.path.join(folder, name + part) for part in (".root", ".before", ".trace"))
    if start:
        shutil.copytree(start, before, symlinks=True)
    else:
        for part in ("", "mail", "queue"):
            os.mkdir(os.path.join(before, part))
    shutil.copytree(before, root, symlinks=True)
    subprocess.run(["strace", "-f", "-xx", "-s", "1000000", "-o", trace, "-e", "trace=!futex", DRIVER, "work", root,
                    str(seed), str(threads), str(count)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, POWER_SPOOL=spool))
    calls = read(trace)
    os.unlink(trace)
    return root, before, calls


def cuts(model):
    """Lines before which something had changed: each operation, promise and word."""
    lines = {line + 1 for operation in model.operations for line in (operation.start, operation.end)}
    lines |= {operation.forced + 1 for operation in model.operations if operation.forced is not None}
    lines |= {line + 1 for line, _ in model.said}
    return sorted(lines)


def choices(model, line, dice):
    """(kind, operations on the disk, those of them that are zeros, those that are halves)"""
    begun = model.begun(line)
    must = model.must(line)
    rest = [operation for operation in begun if operation.number not in must]
    entries = {operation.number for operation in rest if not operation.data}
    octets = {operation.number for operation in rest if operation.data}
    yield "least", must, (), ()
    yield "most", must | entries | octets, (), ()
    yield "names", must | entries, (), ()
    yield "lengths", must | entries | octets, octets, ()
    yield "halves", must | entries | octets, (), octets
    last = max((number for number in must if not model.operations[number].data), default=-1)
    until = dice.randint(last, len(model.operations))
    kept = {number for number in entries if number <= until}
    yield "journal", must | kept | {number for number in octets if dice.random() < 0.5}, (), ()
    some = {operation.number for operation in rest if dice.random() < 0.5}
    zeros = {number for number in some & octets if dice.random() < 0.3}
    yield "any", must | some, zeros, {number for number in some & octets if dice.random() < 0.3} - zeros


class Promises:
    """What the driver had been told at a cut."""

    def __init__(self, model, line, inherited):
        self.sent, self.acked, self.asked, self.removed = {}, set(inherited), set(), set()
        self.inherited, self.failed = inherited, set()
        for when, (word, token, first, count) in model.said:
            if when >= line:
                break
            others, first = divmod(int(first), 100)  # from 100 on: they are of another server
            boxes = {100 * others + (first + i) % 8 for i in range(int(count))}
            pairs = {(box, token) for box in boxes}
            if word == "SENT":
                self.sent[token] = self.sent.get(token, set()) | boxes
            elif word == "FAIL":
                self.failed |= pairs
            elif word == "ACKED":
                self.acked |= pairs
            elif word == "REMOVE":
                self.asked |= pairs
            else:
                self.removed |= pairs

    def judge(self, answers):
        wrong, has, told = [], [], set()
        for word, *rest in answers:
            if word == "HAS":
                has.append((int(rest[0]), rest[1]))
            elif word == "TOLD":
                told.add((int(rest[0]), rest[1]))
            elif word == "READ":
                pass
            else:
                wrong.append(" ".join((word, *rest)))
        there = set(has)
        wrong += [("lost: %s from box %d" if box < 100 else "forgotten: %s for %d") % (token, box) for box, token in self.acked - self.asked - there - (told & self.failed)]
        wrong += ["back: %s in box %d" % (token, box) for box, token in self.removed & there]
        wrong += ["twice: %s in box %d" % (token, box) for box, token in there if has.count((box, token)) > 1]
        wrong += ["foreign: %s in box %d" % (token, box) for box, token in there
                  if box not in self.sent.get(token, ()) and (box, token) not in self.inherited]
        return wrong


def open_again(folders):
    """folder -> what the driver says about it."""
    if not folders:
        return {}
    done = subprocess.run([DRIVER, "check"], input="\n".join(folders) + "\n", text=True, capture_output=True)
    found, answers = {}, []
    for line in done.stdout.splitlines():
        words = line.split()
        if words[0] == "END":
            found[words[1]] = answers
            answers = []
        else:
            answers.append(words)
    for folder in folders:
        if folder not in found:
            found[folder] = [["BROKEN", "the driver ended with %d" % done.returncode]]
        # A temporary file of a mailbox may stay for a while, and one for its quota be made at any time.
        litter = [path for path in left_over(folder) if not TEMPORARY.search(path)]
        found[folder] += [["LEFT", path] for path in litter]
        found[folder] += [["TORN-FILE", path] for path in torn(folder)]
        readable = {words[1] for words in found[folder] if words[0] == "READ"}
        found[folder] += [["TORN-QUEUE", path] for name, path in queued(folder) if name not in readable]
    return found


def torn(root):
    for folder, _, names in os.walk(root):
        if os.path.basename(folder) in ("new", "cur"):
            for name in names:
                told = re.search(r",S=(\d+)", name)
                if told and os.stat(os.path.join(folder, name)).st_size != int(told.group(1)):
                    yield os.path.join(folder, name)


def queued(root):
    """(id, path) of each file of the queue that has the name of a message."""
    for folder, _, names in os.walk(os.path.join(root, "queue", "server")):
        for name in names:
            yield name.split(",")[0], os.path.join(folder, name)


SPARES = itertools.count()
ENOUGH = ground.full_or_short(3000, 100)  # cuts of all recordings
EACH = ENOUGH // ground.full_or_short(10, 2)


def outlive(path):
    """A file keeps its time over a power cut: what a first run left is older than the start of the second."""
    for folder, _, names in os.walk(path):
        if "maildirsize" in names:
            os.utime(os.path.join(folder, "maildirsize"), (BEGIN, BEGIN))


class Explorer:
    """All cuts of one recording."""

    def __init__(self, folder, model, dice, inherited=()):
        self.folder, self.model, self.dice, self.inherited = folder, model, dice, inherited
        self.points = self.trees = 0
        self.wrong = []
        self.number = 0
        self.known = {}      # choice -> answers: the same tree is opened once
        self.waiting = []    # (choice, path, cut, kind)
        self.spare = []      # trees for a second recording: (path, promises)

    def explore(self, lines, seconds, keep=0, least=0):
        """For so long, and on a slow machine until there is something to judge."""
        end = time.monotonic() + seconds
        for line in lines:
            if time.monotonic() > end + (0 if self.points >= least else 600):
                break
            self.points += 1
            for kind, *tree in choices(self.model, line, self.dice):
                self.look(line, kind, [frozenset(part) for part in tree], keep)
        self.flush()

    def look(self, line, kind, tree, keep):
        choice = hash(tuple(tree))
        if choice in self.known:
            if self.known[choice] is not None:
                self.judge(choice, line, kind)
            else:
                self.waiting.append((choice, None, line, kind))
            return
        self.known[choice] = None
        path = os.path.join(self.folder, "cut%d%s" % (self.number, "" if self.number % 3 else "renamed"))
        self.number += 1
        write_tree(*self.model.state(*tree), path)
        if self.inherited:
            outlive(path)
        self.trees += 1
        likely = 0.01 if self.spare or self.trees < 50 else 0.1  # one at least
        if kind in ("any", "names", "journal") and len(self.spare) < keep and self.dice.random() < likely:
            spare = os.path.join(self.folder, "spare%d" % next(SPARES))
            shutil.copytree(path, spare, symlinks=True)
            self.spare.append(spare)
        self.waiting.append((choice, path, line, kind))
        if sum(one[1] is not None for one in self.waiting) >= BATCH:
            self.flush()

    def flush(self):
        paths = {path: choice for choice, path, _, _ in self.waiting if path}
        for path, answers in open_again(list(paths)).items():
            self.known[paths[path]] = answers
            shutil.rmtree(path)
        for choice, _, line, kind in self.waiting:
            self.judge(choice, line, kind)
        self.waiting = []

    def judge(self, choice, line, kind):
        for what in Promises(self.model, line, self.inherited).judge(self.known[choice]):
            self.wrong.append("cut at line %d, %s: %s" % (line, kind, what))


def kinds(wrong):
    """Which sorts of damage, for the report."""
    return sorted({text.split(": ", 1)[1].split(":")[0].split()[0] for text in wrong})


def spread(lines, most):
    """Evenly, when there are too many."""
    step = max(1, len(lines) // most)
    return lines[::step]


def recording(folder, name, dice, totals, threads, count, seconds, start=None, spool=""):
    root, before, calls = record(folder, name, dice.randrange(100000), threads, count, start, spool)
    inherited = there(start) if start else frozenset()
    model = Model(root, before, calls)
    explorer = Explorer(folder, model, dice, inherited)
    lines = cuts(model)
    dice.shuffle(lines)  # so that what time does not suffice for is not always the end
    explorer.explore(lines, seconds, keep=0 if start else 2, least=0 if start else EACH)
    totals["recordings"] += 1
    totals["cuts"] += explorer.points
    totals["trees"] += explorer.trees
    check("%s: %d cuts, %d different trees: nothing lost, torn, back, left or refused" % (
        name, explorer.points, explorer.trees), not explorer.wrong,
        "%d: %s" % (len(explorer.wrong), explorer.wrong[:5]))
    for path in (root, before):
        shutil.rmtree(path)
    return explorer.spare


def there(start):
    """What the store, once it has recovered, has in such a tree: durable, so it stays promised."""
    copy = start + ".copy"
    shutil.copytree(start, copy, symlinks=True)
    answers = open_again([copy])[copy]
    shutil.rmtree(copy)
    return frozenset((int(words[1]), words[2]) for words in answers if words[0] == "HAS")


def can_fail(folder, dice, name, ignored, *wanted):
    """The same judgement of a store and a queue whose syncs do nothing: something of each set must be found."""
    root, before, calls = record(folder, name, dice.randrange(100000), 3, 8)
    explorer = Explorer(folder, Model(root, before, calls, ignored), dice)
    lines = spread(cuts(explorer.model), 100)
    dice.shuffle(lines)
    for at in range(0, len(lines), 15):  # until it is found
        explorer.explore(lines[at:at + 15], 0, least=at + 15)
        if all(set(kinds(explorer.wrong)) & some for some in wanted):
            break
    found = kinds(explorer.wrong)
    check("%s: that is found (%s)" % (name, ", ".join(found)), all(set(found) & some for some in wanted), found)


def roomy(path):
    """Containers have it too, but small."""
    if not os.path.isdir(path):
        return False
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize > 2 << 30 and status.f_favail > 100000


def main():
    print("# seed %d" % SEED)
    dice = random.Random(SEED)
    totals = {"recordings": 0, "cuts": 0, "trees": 0}
    folder = tempfile.mkdtemp(prefix="power-cut-", dir="/dev/shm" if roomy("/dev/shm") else None)
    harness.at_end(shutil.rmtree, folder, True)
    spare = []
    for number in range(ground.full_or_short(5, 1)):
        threads, count = dice.choice(((1, 12), (2, 8), (4, 5), (8, 3)))
        spare += recording(folder, "recording %d" % number, dice, totals, threads, count,
                           ground.full_or_short(20, 4))
        spare += recording(folder, "recording %d without O_TMPFILE" % number, dice, totals, threads, count,
                           ground.full_or_short(10, 2), spool="named")
        spare += recording(folder, "recording %d with a name before the data" % number, dice, totals, threads, count,
                           ground.full_or_short(10, 2), spool="name-first")
    for number, start in enumerate(spare[:ground.full_or_short(8, 1)]):
        recording(folder, "after a cut %d" % number, dice, totals, 3, 3, ground.full_or_short(10, 2), start)
    can_fail(folder, dice, "syncs of files are not believed", ("file", "syncfs"), {"lost", "TORN", "TORN-FILE"}, {"TORN-QUEUE", "forgotten"})
    can_fail(folder, dice, "no sync is believed", ("file", "folder", "syncfs"), {"lost", "back"}, {"forgotten"})
    print("# %s" % ", ".join("%s %d" % pair for pair in totals.items()))
    check("there were enough cuts", totals["cuts"] >= ENOUGH and totals["trees"] >= ENOUGH, totals)


run(main)
