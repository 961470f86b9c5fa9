# SPDX-License-Identifier: ISC
"""A scripted domain controller with its entries in a tree, and the limits of AD: pages of 1,000 entries,
1,500 values at a time.

Its script is a function: of each search it may say how it goes wrong.
"""
from collections import namedtuple

from scripted_ldap import OPERATIONS, SIZE_LIMIT, UNWILLING, Controller, Peer, entry_message, message, number, pieces, text, tlv

PAGED = b"1.2.840.113556.1.4.319"  # RFC 2696
NO_SUCH_OBJECT = 32
DN_SYNTAX = {"distinguishedname", "member", "memberof", "entrydn", "altrecipient", "managedby"}

# base and scope, names asked for, number of the first value of a range or of the first entry of a page, filter
Request = namedtuple("Request", "base scope asked first filter")


def dn_key(dn):
    """What equal DNs have in common (RFC 4514): relative names, the first one last."""
    names, name, octets = [], bytearray(), dn if isinstance(dn, bytes) else dn.encode()
    at = 0
    while at < len(octets):
        octet = octets[at:at + 1]
        at += 1
        if octet == b"\\":
            pair = octets[at:at + 2]
            try:
                name += bytes.fromhex(pair.decode())
                at += 2
            except ValueError:
                name += octets[at:at + 1]
                at += 1
        elif octet == b",":
            names.append(bytes(name).strip().lower())
            name = bytearray()
        else:
            name += octet
    names.append(bytes(name).strip().lower())
    return tuple(reversed(names))


def value_key(name, value):
    return dn_key(value) if name in DN_SYNTAX else value.lower()


def parse(tag, body):
    """A filter as a tree: ("and", [..]), ("or", [..]), ("not", [one]), ("is", name, key), ("has", name), ("other", tag)."""
    if tag in (0xa0, 0xa1, 0xa2):
        return {0xa0: "and", 0xa1: "or", 0xa2: "not"}[tag], [parse(*piece) for piece in pieces(body)]
    if tag == 0xa3:
        (_, name), (_, value) = pieces(body)
        name = name.decode().lower()
        return "is", name, value_key(name, value)
    if tag == 0x87:
        return "has", body.decode().lower()
    return "other", tag


def parts_of(tree):
    yield tree
    if tree[0] in ("and", "or", "not"):
        for part in tree[1]:
            yield from parts_of(part)


class Entry:
    def __init__(self, dn, attributes):
        self.dn, self.key, self.names = dn, dn_key(dn), {name.lower(): name for name in attributes}
        self.values = {name.lower(): values for name, values in attributes.items()}
        self.values.setdefault("distinguishedname", [dn.encode()])
        self.keys = {name: {value_key(name, value) for value in values} for name, values in self.values.items()}

    def matches(self, tree):
        kind = tree[0]
        if kind == "and":
            return all(self.matches(part) for part in tree[1])
        if kind == "or":
            return any(self.matches(part) for part in tree[1])
        if kind == "not":
            return not self.matches(tree[1][0])
        if kind == "is":
            return tree[2] in self.keys.get(tree[1], ())
        return kind == "has" and (tree[1] == "objectclass" or tree[1] in self.values)


class Directory(Controller):
    page_limit, range_limit = 1000, 1500

    def __init__(self, address, entries, passwords, **options):
        self.tree = [Entry(dn, attributes) for dn, attributes in entries.items()]
        self.by_key = {entry.key: entry for entry in self.tree}
        self.index = {}
        for entry in self.tree:
            for name, keys in entry.keys.items():
                for key in keys:
                    self.index.setdefault((name, key), set()).add(entry.key)
        self.script = lambda request: None  # or one of the ways of Peer.send and Peer.way, or (result, text)
        self.range_lies = {}  # first value -> description of the range that is sent instead, or None: no values
        self.requests = []
        super().__init__(address, {}, passwords, **options)

    def peer(self, connection):
        return DirectoryPeer(self, connection)

    def candidates(self, tree):
        """Keys of who may match; None: anybody."""
        if tree[0] == "is":
            return self.index.get((tree[1], tree[2]), set())
        if tree[0] not in ("and", "or"):
            return None
        sets = [self.candidates(part) for part in tree[1]]
        if tree[0] == "or":
            return None if None in sets else set().union(*sets)
        sets = [one for one in sets if one is not None]
        return set.intersection(*sets) if sets else None

    def find(self, base, scope, tree):
        """In the order of the tree; None: the base is not there."""
        top = dn_key(base)
        if scope == 0:
            entry = self.by_key.get(top)
            if not entry:
                return None if top[:2] == dn_key(self.base) and len(top) > 2 else []
            return [entry] if entry.matches(tree) else []
        keys = self.candidates(tree)
        found = self.tree if keys is None else sorted((self.by_key[key] for key in keys), key=lambda entry: entry.key)
        return [entry for entry in found if entry.key[:len(top)] == top and entry.matches(tree)]

    def strange_filters(self):
        """Kinds of parts that no filter of ours has: what came in was taken for a filter."""
        return sorted({str(part) for request in self.requests if request.scope != 0 for part in parts_of(request.filter)
                       if part[0] in ("has", "other") and part != ("has", "objectclass")})


class DirectoryPeer(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.cookies = set()

    def page(self):
        """(entries wanted, cookie) of the control, or None."""
        for _, control in self.controls:
            fields = pieces(control)
            if fields[0][1] == PAGED:
                size, cookie = pieces(pieces(fields[-1][1])[0][1])
                return int.from_bytes(size[1], "big"), cookie[1]
        return None

    def search(self, identity, parts):
        server, base, scope = self.server, parts[0][1].decode(errors="replace"), parts[1][1][0]
        if base == "" and scope == 0:
            return self.search_root(identity, parts)
        if not self.bound:
            return self.result(identity, 0x65, OPERATIONS, "000004DC: LdapErr: DSID-0C090A5C")
        asked = [name.decode().lower() for _, name in pieces(parts[7][1])]
        page, limit = self.page(), int.from_bytes(parts[3][1], "big")
        first = int(page[1] or b"0") if page else max([range_of(name)[1] for name in asked], default=0)
        request = Request(base, scope, asked, first, parse(*parts[6]))
        server.searches += 1
        server.requests.append(request)
        trouble = server.script(request)
        if isinstance(trouble, tuple):
            referral = tlv(0xa3, *map(text, server.referral)) if server.referral else b""
            return self.result(identity, 0x65, *trouble, more=referral)
        self.answer(identity, request, page, limit, self.way(trouble or "answer"))

    def answer(self, identity, request, page, limit, way):
        server = self.server
        found = server.find(request.base, request.scope, request.filter)
        if found is None:
            return self.result(identity, 0x65, NO_SUCH_OBJECT, "0000208D: NameErr: DSID-03100238, problem 2001 (NO_OBJECT)")
        if page and page[1] and page[1] not in self.cookies:
            return self.result(identity, 0x65, UNWILLING, "00000057: a cookie of another connection")
        most = server.page_limit if not limit or page else min(limit, server.page_limit)
        start = request.first if page else 0
        if page:
            most = min(page[0], most)
        for entry in found[start:start + most]:
            self.send(entry_message(identity, entry.dn, self.shown(entry, request.asked), True), way)
        for reference in server.references:
            self.send(message(identity, tlv(0x73, text(reference))), way)
        more = start + most < len(found)
        if not page:
            return self.result(identity, 0x65, *((SIZE_LIMIT, "") if more else server.search_end), way=way)
        cookie = b"%d" % (start + most) if more else b""
        self.cookies.add(cookie)
        control = tlv(0x30, text(PAGED), text(tlv(0x30, number(0), text(cookie))))
        self.result(identity, 0x65, *server.search_end, way=way, controls=tlv(0xa0, control))

    def shown(self, entry, asked):
        attributes = {}
        for wanted in asked:
            name, first = range_of(wanted)
            values, limit = entry.values.get(name, []), self.server.range_limit
            title = entry.names.get(name, name)
            if not values:
                continue
            if ";range=" not in wanted and len(values) <= limit:
                attributes[title] = values
                continue
            if ";range=" not in wanted:
                attributes[title] = []
            last = first + limit
            text_of_range = "%s;range=%d-%s" % (title, first, "*" if last >= len(values) else last - 1)
            text_of_range = self.server.range_lies.get(first, text_of_range)
            if text_of_range:
                attributes[text_of_range] = values[first:last]
        return attributes


def range_of(description):
    """(name, number of the first value)"""
    name, _, span = description.partition(";range=")
    return name, int(span.partition("-")[0]) if span else 0
