# SPDX-License-Identifier: ISC
"""The mail file system as another program sees it: no torn file, sizes that agree, nothing left over.

Only what is promised to others is looked at: Maildir++ with its maildirsize, names whose S=
is the size, and that nothing else grows.
"""
import os
import re

from letters import examine

OTHER_OCTETS = 64 << 20  # what the store may keep beside the mailboxes for its own purposes


def message_files(path):
    for folder in ("new", "cur"):
        for name in sorted(os.listdir(os.path.join(path, folder))):
            if not name.startswith("."):
                yield name, os.path.join(path, folder, name)


def check_message(address, name, path):
    size = os.stat(path).st_size
    told = re.search(r",S=(\d+)", name)
    if not told or int(told.group(1)) != size:
        return "%s has %d octets" % (path, size)
    with open(path, "rb") as file:
        token, wrong = examine(file.read(), address)
    return "" if token else "%s: %s" % (path, wrong)


def usage(path):
    files = [file for _, file in message_files(path)]
    return sum(os.stat(file).st_size for file in files), len(files)


def told_usage(path):
    """What maildirsize says, as every Maildir++ program reads it: (quota, octets, messages), or None."""
    try:
        with open(path + "/maildirsize") as file:
            head, *lines = file.read().splitlines()
        pairs = [tuple(map(int, line.split())) for line in lines]
        return int(head.rstrip("S")), sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    except (FileNotFoundError, ValueError):
        return None


def check_quota(path, quota):
    octets, messages = usage(path)
    if not quota:
        return []
    wrong = []
    if octets > quota:
        wrong.append("%s: %d octets, quota %d" % (path, octets, quota))
    told = told_usage(path)
    if told != (quota, octets, messages):
        wrong.append("%s: maildirsize says %s, there are %s" % (path, told, (quota, octets, messages)))
    return wrong


def check_files(ground, addresses):
    """Every mailbox; what is wrong."""
    wrong = []
    for address in addresses:
        path = ground.mailbox_path(address)
        if not os.path.isdir(path):
            continue
        for name, file in message_files(path):
            trouble = check_message(address, name, file)
            if trouble:
                wrong.append(trouble)
        wrong += check_quota(path, ground.people.quota(address))
    return wrong


def left_over(*roots):
    """Files that a run should have taken away: spool files, unfinished mailboxes, temporary files, half bindings."""
    found, others = [], 0
    for root in roots:
        for folder, folders, names in os.walk(root):
            part = os.path.basename(folder)
            if part in ("new", "cur"):
                continue
            for name in names + folders:
                path = os.path.join(folder, name)
                if part == "tmp" or name.startswith(("spool.", "mailbox.")) or (part == ".id" and name[0] == "."):
                    found.append(path)
                elif name in names:
                    others += os.lstat(path).st_size
    if others > OTHER_OCTETS:
        found.append("%d octets beside the mailboxes" % others)
    return found
