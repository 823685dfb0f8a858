"""lockhost:lockfile/process: what the component asks about processes, answered in Python.

wit/lockfile.wit says what each answer means. Linux only.
"""

import os
import re

from wasmtime.component import Record, ResourceHost, ResourceType, Variant

# A number for the type, which is this program's to choose.
EVIDENCE = 1

FORMAT = re.compile(
    r"1-p(?P<p>\d+)(-s(?P<s>\d+))?(-t(?P<t>\d+))?(-b(?P<b>[0-9a-f]+))?(-n(?P<n>\d+))?(-e[0-9a-f]+)?(-a\d+)?"
)


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _namespace(kind):
    try:
        return str(os.stat(f"/proc/self/ns/{kind}").st_ino)
    except OSError:
        return None


def _entry(pid):
    """The state, the number of threads and the start of a process; its name, in parentheses, may hold anything."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (fields[0], int(fields[17]), fields[19]) if len(fields) > 19 else None


def _facts():
    """What the processes that this one can judge have in common; `s` is its own start. Nothing without a /proc of ours."""
    me = os.getpid()
    if not re.search(rf"^NSpid:\s*{me}\s*$", _read("/proc/self/status"), re.MULTILINE):
        return {}
    boot = _read("/proc/sys/kernel/random/boot_id").strip().replace("-", "")
    entry = _entry(me)
    facts = {
        "s": entry and entry[2],
        "t": _namespace("time") or "0",
        "b": boot,
        "n": _namespace("pid"),
    }
    return {tag: value for tag, value in facts.items() if value}


def _identity(pid, facts, attempt=0):
    parts = ["1", f"p{pid}", *(tag + value for tag, value in facts.items())]
    return "-".join(parts + ([f"a{attempt}"] if attempt else []))


def _exists(pid):
    if not 0 < pid < 1 << 31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _keeps_a_lock(pid):
    """Whether the kernel keeps any file locked on behalf of this number, whose process may have ended.

    Which file that is cannot be told from a descriptor of the component's, so any of them will do: in doubt, alive.
    """
    return re.search(rf"FLOCK +ADVISORY +WRITE +{pid} ", _read("/proc/locks")) is not None


def _judge(pid, start=None):
    def dead(reason):
        kept = _keeps_a_lock(pid)
        return Variant("alive", "evidence") if kept else Variant("dead", reason)

    if not _exists(pid):
        return dead("no-process")
    seen = _entry(pid) if "s" in _facts() else None
    if seen and start and seen[2] != start:
        return dead("reused")
    if seen and seen[0] in "ZXx" and seen[1] <= 1:
        return dead("zombie")
    if seen and pid == os.getpid():
        return Variant("alive", "this-process" if start else "own-pid")
    return Variant("alive", "running" if seen and start else "exists")


def _judge_maker(identity):
    maker = FORMAT.fullmatch(identity)
    if not maker or not maker["b"] or not maker["n"]:
        return Variant("unknown", "unreadable")
    here = _facts()
    if "b" not in here or "n" not in here:
        return Variant("unknown", "no-answer")
    if maker["b"] != here["b"]:
        return Variant("unknown", "other-boot")
    if maker["n"] != here["n"]:
        return Variant("unknown", "other-namespace")
    return _judge(int(maker["p"]), maker["s"] if maker["t"] == here["t"] else None)


def current(store, directory, attempt):
    directory.drop(store)
    maker = Record()
    maker.pid = os.getpid()
    maker.identity = _identity(maker.pid, _facts(), attempt)
    # The descriptor's file is out of Python's reach, so nothing can be locked.
    maker.evidence = False
    maker.session = False
    return maker


def identify(store, pid, directory):
    directory.drop(store)
    facts, entry = _facts(), _entry(pid)
    return _identity(pid, {**facts, "s": entry[2]}) if "s" in facts and entry else None


def guard(store, claim):
    # Its mode is what the umask leaves.
    claim.drop(store)
    return ResourceHost.own(0, EVIDENCE).to_any(store)


def process_alive(store, owner, file):
    file.drop(store)
    # A variant's cases come as what is in them, where that tells them apart.
    if owner is None:
        return Variant("dead", "nobody")
    return _judge(owner) if isinstance(owner, int) else _judge_maker(owner)


def add_to_linker(root):
    """Adds the interface to the root of a linker."""
    with root.add_instance("lockhost:lockfile/process@0.1.0") as interface:
        interface.add_resource("evidence", ResourceType.host(EVIDENCE), lambda store, _: None)
        interface.add_func("current", current)
        interface.add_func("identify", identify)
        interface.add_func("guard", guard)
        interface.add_func("process-alive", process_alive)
