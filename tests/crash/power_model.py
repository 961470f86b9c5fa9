# SPDX-License-Identifier: ISC
"""A file system that knows what a power cut may leave of it.

Every change is an operation: octets of a file, its length, an entry of a directory. It may
reach the disk at any time and in any order, and it must have reached it once the fsync of
what it changes has returned that was called after it had ended:

  - octets and length of a file: fsync or fdatasync of the file,
  - an entry of a directory, also one that a rename put there: fsync of that directory,
  - everything: syncfs, sync.

A state after a cut is the choice of the operations that reached the disk: all that must have,
none that had not begun, any of the rest.
"""
import os
import stat

from power_trace import octets, strings

HARMLESS = set("""
access arch_prctl brk clock_gettime clock_nanosleep clone clone3 execve exit exit_group fadvise64 fchmod fchown fcntl fgetxattr
flock fstat fstatfs ftruncate_ futex getcwd getdents64 getegid geteuid getgid getpid getrandom getrlimit gettid getuid
ioctl lstat madvise mprotect munmap newfstatat nanosleep poll prctl pread64 preadv prlimit64 readlink readlinkat rseq
rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield set_robust_list set_tid_address stat statfs
statx sync_file_range sysinfo uname faccessat faccessat2 fchmodat fchownat utimensat sigaltstack membarrier
inotify_add_watch inotify_rm_watch pipe2 eventfd2 epoll_create1 epoll_ctl epoll_wait ppoll getpriority setpriority mremap restart_syscall
""".split())


class Node:
    def __init__(self, kind):
        self.kind = kind      # "file", "folder", "link"
        self.entries = {}     # of a folder
        self.octets = bytearray()
        self.target = b""


class File:
    """An open descriptor."""

    def __init__(self, node, append=False):
        self.node, self.append, self.at = node, append, 0


class Operation:
    __slots__ = ("number", "start", "end", "forced", "data", "apply", "of")

    def __init__(self, number, call, of, data, apply):
        self.number, self.of, self.data, self.apply = number, of, data, apply
        self.start, self.end = call.start, call.end
        self.forced = None    # the line from which on it is surely on the disk


class Missing(Exception):
    """A name that another thread's call in flight must have made."""


def load(path):
    """A real tree as nodes."""
    kind = os.lstat(path).st_mode
    if stat.S_ISDIR(kind):
        node = Node("folder")
        node.entries = {os.fsencode(name): load(os.path.join(path, name)) for name in os.listdir(path)}
    elif stat.S_ISLNK(kind):
        node = Node("link")
        node.target = os.fsencode(os.readlink(path))
    else:
        node = Node("file")
        with open(path, "rb") as file:
            node.octets = bytearray(file.read())
    return node


class Model:
    def __init__(self, root, initial, calls, ignored=()):
        """`initial` is a tree like `root` before the first call; syncs named in `ignored` are not believed."""
        self.path, self.ignored = root.encode(), ignored
        self.root = load(initial)   # as running programs see it
        self.durable = {}           # node -> what it was at first
        self.remember(self.root)
        self.files, self.operations, self.said = {}, [], []
        self.calls = sorted(calls, key=lambda call: call.start if call.name == "close" else call.end)
        for index, call in enumerate(self.calls):
            self.take(index, call)

    def remember(self, node):
        self.durable[node] = (dict(node.entries), bytes(node.octets))
        for child in node.entries.values():
            self.remember(child)

    def take(self, index, call):
        """In order of their ends; what a thread made but has not yet returned from is taken first when needed."""
        if call.done or call.result is None or call.result < 0 and call.name not in ("write", "close"):
            return
        try:
            self.run(call)
        except Missing:
            flying = [other for other in self.calls[index + 1:index + 400]
                      if not other.done and other.start < call.end and other.name in CHANGES]
            if not flying:
                raise
            for other in flying:
                self.run(other)
                other.done = True
            self.run(call)
        call.done = True

    def run(self, call):
        handler = getattr(self, "call_" + call.name, None)
        if handler:
            handler(call, *call.arguments)
        elif call.name not in HARMLESS:
            raise ValueError("the model does not know %s" % call)

    # --- names ---

    def walk(self, start, path):
        node = start
        for part in path.split(b"/"):
            if part in (b"", b"."):
                continue
            if node.kind != "folder" or part not in node.entries:
                raise Missing(path)
            node = node.entries[part]
        return node

    def place(self, at, path):
        """(folder, name) of a path, or None when it is not below the root. `at` is a descriptor or AT_FDCWD."""
        path = octets(path)
        if path.startswith(b"/"):
            if path != self.path and not path.startswith(self.path + b"/"):
                return None
            start, path = self.root, path[len(self.path):].lstrip(b"/")
        elif at == "AT_FDCWD" or self.files.get(int(at)) is None:
            return None
        else:
            start = self.files[int(at)].node
        head, _, name = path.rpartition(b"/")
        return self.walk(start, head), name

    def node_at(self, at, path):
        place = self.place(at, path)
        if place is None:
            return None
        folder, name = place
        return self.walk(folder, name)

    # --- what is changed ---

    def operation(self, call, of, data, apply):
        apply(self.live)
        self.operations.append(Operation(len(self.operations), call, of, data, apply))

    @staticmethod
    def live(node):
        return node

    def enter(self, call, folder, name, node):
        def apply(view):
            view(folder).entries[name] = node
        self.operation(call, folder, False, apply)

    def put(self, call, node, at, text):
        def apply(view, zeros=False):
            to = view(node).octets
            if len(to) < at:
                to.extend(bytes(at - len(to)))
            to[at:at + len(text)] = text if not zeros else bytes(len(text)) if zeros is True else text[:len(text) // 2]
        self.operation(call, node, True, apply)

    def cut(self, call, node, size):
        def apply(view, zeros=False):
            to = view(node).octets
            del to[size:]
            to.extend(bytes(size - len(to)))
        self.operation(call, node, True, apply)

    def sync(self, call, wanted):
        for operation in self.operations:
            if operation.forced is None and operation.end < call.start and wanted(operation):
                operation.forced = call.end

    # --- calls ---

    def call_openat(self, call, at, path, flags, mode=""):
        self.files[call.result] = None
        place = self.place(at, path)
        if place is None:
            return
        folder, name = place
        if "O_TMPFILE" in flags:
            node = Node("file")
        elif "O_CREAT" in flags and name not in folder.entries:
            node = Node("file")
            self.enter(call, folder, name, node)
        else:
            node = self.walk(folder, name)
            if "O_TRUNC" in flags and node.octets:
                self.cut(call, node, 0)
        self.files[call.result] = File(node, "O_APPEND" in flags)

    def call_open(self, call, path, flags, mode=""):
        self.call_openat(call, "AT_FDCWD", path, flags, mode)

    def call_memfd_create(self, call, *ignored):
        self.files[call.result] = None

    call_socket = call_inotify_init1 = call_memfd_create

    def call_close(self, call, fd):
        self.files.pop(int(fd), None)

    def call_dup(self, call, fd):
        self.files[call.result] = self.files.get(int(fd))

    def call_dup3(self, call, fd, *ignored):
        self.call_dup(call, fd)

    call_dup2 = call_dup3

    def call_fcntl(self, call, fd, what, *ignored):
        if what.startswith("F_DUPFD"):
            self.call_dup(call, fd)

    def call_mkdirat(self, call, at, path, mode):
        place = self.place(at, path)
        if place:
            self.enter(call, *place, Node("folder"))

    def call_mkdir(self, call, path, mode):
        self.call_mkdirat(call, "AT_FDCWD", path, mode)

    def call_symlinkat(self, call, target, at, path):
        place = self.place(at, path)
        if place:
            node = Node("link")
            node.target = octets(target)
            self.enter(call, *place, node)

    def call_symlink(self, call, target, path):
        self.call_symlinkat(call, target, "AT_FDCWD", path)

    def call_linkat(self, call, at, path, to, name, flags):
        place = self.place(to, name)
        text = octets(path)
        if text.startswith(b"/proc/self/fd/"):
            opened = self.files.get(int(text.rsplit(b"/", 1)[1]))
            node = opened.node if opened else None
        elif not text and "AT_EMPTY_PATH" in flags:
            node = self.files[int(at)].node
        else:
            node = self.node_at(at, path)
        if place is None and node is None:
            return
        if place is None or node is None:
            raise ValueError("a link across the border: %s" % call)
        self.enter(call, *place, node)

    def call_link(self, call, path, name):
        self.call_linkat(call, "AT_FDCWD", path, "AT_FDCWD", name, "")

    def call_unlinkat(self, call, at, path, flags):
        place = self.place(at, path)
        if place is None:
            return
        folder, name = place
        if name not in folder.entries:
            raise Missing(path)

        def apply(view):
            view(folder).entries.pop(name, None)
        self.operation(call, folder, False, apply)

    def call_unlink(self, call, path):
        self.call_unlinkat(call, "AT_FDCWD", path, "0")

    call_rmdir = call_unlink

    def call_renameat2(self, call, at, path, to, name, flags=""):
        source, target = self.place(at, path), self.place(to, name)
        if source is None and target is None:
            return
        if source is None or target is None or "RENAME_EXCHANGE" in flags:
            raise ValueError("the model does not know %s" % call)
        (folder, old), (where, new) = source, target
        if old not in folder.entries:
            raise Missing(path)
        node = folder.entries[old]

        def apply(view):
            if view(folder).entries.get(old) is node:
                del view(folder).entries[old]
            view(where).entries[new] = node
        self.operation(call, where, False, apply)

    call_renameat = call_renameat2

    def call_rename(self, call, path, name):
        self.call_renameat2(call, "AT_FDCWD", path, "AT_FDCWD", name)

    def call_write(self, call, fd, text, count):
        if fd == "1":
            self.said.append((call.start, octets(text).decode().split()))
        elif call.result > 0:
            self.write(call, fd, octets(text)[:call.result])

    def write(self, call, fd, text):
        file = self.files.get(int(fd))
        if file is None:
            return
        at = len(file.node.octets) if file.append else file.at
        self.put(call, file.node, at, text)
        file.at = at + len(text)

    def call_writev(self, call, fd, vector, count):
        self.write(call, fd, strings(vector)[:call.result])

    def call_pwrite64(self, call, fd, text, count, at):
        if self.files.get(int(fd)):
            self.put(call, self.files[int(fd)].node, int(at), octets(text)[:call.result])

    def call_pwritev(self, call, fd, vector, count, at, *ignored):
        if self.files.get(int(fd)):
            self.put(call, self.files[int(fd)].node, int(at), strings(vector)[:call.result])

    def call_pwritev2(self, call, fd, vector, count, at, *ignored):
        if at == "-1":
            self.call_writev(call, fd, vector, count)
        else:
            self.call_pwritev(call, fd, vector, count, at)

    def call_sendfile(self, call, to, source, at, count):
        file = self.files.get(int(source))
        if self.files.get(int(to)) is None:
            return
        start = file.at if at == "NULL" else int(at.split("=>")[0].strip("[] "))
        self.write(call, to, bytes(file.node.octets[start:start + call.result]))
        if at == "NULL":
            file.at += call.result

    def call_copy_file_range(self, call, source, at, to, where, *ignored):
        if at == "NULL" and where == "NULL":
            self.call_sendfile(call, to, source, "NULL", "")
        elif self.files.get(int(to)):
            begin, target = (int(one.split("=>")[0].strip("[] ")) for one in (at, where))
            text = bytes(self.files[int(source)].node.octets[begin:begin + call.result])
            self.put(call, self.files[int(to)].node, target, text)

    def call_read(self, call, fd, text, count):
        if self.files.get(int(fd)):
            self.files[int(fd)].at += call.result

    def call_lseek(self, call, fd, *ignored):
        if self.files.get(int(fd)):
            self.files[int(fd)].at = call.result

    def call_ftruncate(self, call, fd, size):
        if self.files.get(int(fd)):
            self.cut(call, self.files[int(fd)].node, int(size))

    def call_fallocate(self, call, fd, mode, at, length):
        file = self.files.get(int(fd))
        if file and mode == "0" and int(at) + int(length) > len(file.node.octets):
            self.cut(call, file.node, int(at) + int(length))
        elif file and mode not in ("0", "FALLOC_FL_KEEP_SIZE"):
            raise ValueError("the model does not know %s" % call)

    def call_mmap(self, call, at, size, protection, flags, fd, *ignored):
        if self.files.get(int(fd)) and "MAP_SHARED" in flags and "PROT_WRITE" in protection:
            raise ValueError("the model does not know %s" % call)

    def call_fsync(self, call, fd):
        file = self.files.get(int(fd))
        if file and file.node.kind not in self.ignored:
            self.sync(call, lambda operation: operation.of is file.node)

    call_fdatasync = call_fsync

    def call_syncfs(self, call, fd="0"):
        if "syncfs" not in self.ignored:
            self.sync(call, lambda operation: True)

    call_sync = call_syncfs

    # --- after the cut ---

    def begun(self, line):
        return [operation for operation in self.operations if operation.start < line]

    def must(self, line):
        return {operation.number for operation in self.operations
                if operation.forced is not None and operation.forced < line}

    def state(self, chosen, zeros, halves=()):
        """The tree in which only these operations reached the disk; of those in `zeros` only the length,
        of those in `halves` the first half."""
        copies = {}

        def view(node):
            if node not in copies:
                copy = copies[node] = Node(node.kind)
                entries, text = self.durable.get(node, ({}, b""))
                copy.entries, copy.octets, copy.target = dict(entries), bytearray(text), node.target
            return copies[node]

        for number in sorted(chosen):
            operation = self.operations[number]
            if number in zeros:
                operation.apply(view, True)
            elif number in halves and operation.data:
                operation.apply(view, "half")
            else:
                operation.apply(view)
        return view, view(self.root)


CHANGES = {"openat", "open", "mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat", "unlink", "unlinkat",
           "rename", "renameat", "renameat2", "rmdir"}


def write_tree(view, node, path):
    """A state as real files."""
    os.mkdir(path)
    for name, child in node.entries.items():
        where = os.path.join(path, os.fsdecode(name))
        copy = view(child)
        if child.kind == "folder":
            write_tree(view, copy, where)
        elif child.kind == "link":
            os.symlink(child.target, where)
        else:
            fd = os.open(where, os.O_WRONLY | os.O_CREAT, 0o600)
            if copy.octets:
                os.write(fd, copy.octets)
            os.close(fd)
