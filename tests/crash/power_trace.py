# SPDX-License-Identifier: ISC
"""strace's lines as system calls: who, what, with which arguments, between which lines."""
import re

_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*?)\)? += (-?\d+|0x[0-9a-f]+|\?)(?: .*)?$", re.DOTALL)
_UNFINISHED = re.compile(r"^(\w+)\((.*?)<unfinished \.\.\.>$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)


class Call:
    __slots__ = ("name", "arguments", "result", "start", "end", "done")

    def __init__(self, name, text, result, start, end):
        self.name, self.arguments, self.result, self.start, self.end = name, arguments(text), result, start, end
        self.done = False

    def __repr__(self):
        return "%s(%s) = %d, lines %d-%d" % (self.name, ", ".join(map(str, self.arguments)), self.result,
                                             self.start, self.end)


def arguments(text):
    """Top-level commas separate; strings hold only \\xNN."""
    found, depth, at = [], 0, 0
    for index, letter in enumerate(text):
        if letter in "[{(":
            depth += 1
        elif letter in "]})":
            depth -= 1
        elif letter == "," and depth == 0:
            found.append(text[at:index].strip())
            at = index + 1
    if text[at:].strip():
        found.append(text[at:].strip())
    return found


def octets(argument):
    """Of a string argument."""
    if not argument.startswith('"') or not argument.endswith('"'):
        raise ValueError("not a whole string: %s" % argument[:60])
    return bytes.fromhex(argument[1:-1].replace("\\x", ""))


def strings(argument):
    """All strings of a vector."""
    return b"".join(bytes.fromhex(part.replace("\\x", "")) for part in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', argument))


def read(path):
    """The calls that ended, and those that did not with result None, in order of their end."""
    open_calls, calls, last = {}, [], 0
    with open(path) as file:
        for number, line in enumerate(file):
            pid, rest = _LINE.match(line.rstrip("\n")).groups()
            last = number
            if rest.startswith(("+++", "---")):
                continue
            if begun := _UNFINISHED.match(rest):
                open_calls[pid] = (number, begun.group(1), begun.group(2))
                continue
            start, head = number, ""
            if resumed := _RESUMED.match(rest):
                start, name, head = open_calls.pop(pid)
                rest = "%s(%s%s" % (name, head, resumed.group(2))
            ended = _CALL.match(rest)
            if not ended:
                raise ValueError("line %d: %s" % (number, rest[:200]))
            name, text, result = ended.groups()
            value = None if result == "?" else int(result, 0)
            calls.append(Call(name, text, value, start, number))
    calls += [Call(name, text, None, start, last + 1) for start, name, text in open_calls.values()]
    return calls
