#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What the process trees below the given pids have used.

procs.py -l PID...   prints the pids
procs.py PID...      prints "CPU-SECONDS PSS-KB RSS-KB PROCESSES"; the time of children that
have ended counts with that of their parent.
"""
import os
import sys

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15]) / TICKS


def everybody():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found[int(name)] = stat(int(name))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def tree(processes, roots):
    chosen = {root for root in roots if root in processes}
    while True:
        more = {pid for pid, (parent, _) in processes.items() if parent in chosen} - chosen
        if not more:
            return chosen
        chosen |= more


def memory(pid):
    pss = rss = 0
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            for line in file:
                if line.startswith("Pss:"):
                    pss = int(line.split()[1])
                elif line.startswith("Rss:"):
                    rss = int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return pss, rss


def main():
    processes = everybody()
    chosen = tree(processes, [int(pid) for pid in sys.argv[1:] if pid != "-l"])
    if "-l" in sys.argv:
        print(*sorted(chosen))
        return
    sizes = [memory(pid) for pid in chosen]
    print("%.2f %d %d %d" % (
        sum(processes[pid][1] for pid in chosen),
        sum(size[0] for size in sizes),
        sum(size[1] for size in sizes),
        len(chosen)))


main()
