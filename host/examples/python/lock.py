"""The lock, as a program would want it."""

import time
from functools import cache
from pathlib import Path

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record

import process

HERE = Path(__file__).parent
# Where this example lies in the repository. A program brings the file along.
COMPONENT = HERE / "../../lockfile.wasm"


@cache
def _linked():
    engine = Engine()
    linker = Linker(engine)
    linker.add_wasip2()
    with linker.root() as root:
        process.add_to_linker(root)
    directories = Component(engine, (HERE / "directories.wat").read_text())
    return linker, directories, Component.from_file(engine, COMPONENT)


class Refused(Exception):
    """There is no lock. `error` is the `error` of wit/lockfile.wit: which file, and the cause by its `tag`."""

    def __init__(self, error):
        super().__init__(f"{error.file}: {error.cause.tag}")
        self.error = error


class Lock:
    """A lock that is held. A program that ends without `release` leaves files that are dead."""

    def __init__(self, store, call, lock):
        self._store, self._call, self._lock = store, call, lock

    def report(self):
        return self._call("[method]lock.report", self._lock)

    def still_held(self):
        return self._call("[method]lock.still-held", self._lock) is True

    def release(self):
        """What could not be done, or nothing."""
        return self._call("[static]lock.release", self._lock)


def acquire(directory, name="tinyforge.lock", assume_dead=None):
    """Takes the lock; waits for what has to settle, for some seconds at most, and never for an owner."""
    linker, directories, component = _linked()
    store = Store(linker.engine)
    wasi = WasiConfig()
    wasi.preopen_dir(str(directory), ".")
    store.set_wasi(wasi)
    given = linker.instantiate(store, directories)
    [(descriptor, _)] = given.get_func(store, "directories")(store)
    instance = linker.instantiate(store, component)
    interface = instance.get_export_index(store, "lockhost:lockfile/lockfile@0.1.0")

    def call(function, *arguments):
        index = instance.get_export_index(store, function, interface)
        return instance.get_func(store, index)(store, *arguments)

    options = Record()
    options.name = name
    setattr(options, "assume-dead", assume_dead)
    attempt = call("[constructor]attempt", descriptor, options)
    begun = time.monotonic()
    while True:
        outcome = call("[method]attempt.try", attempt, int((time.monotonic() - begun) * 1000))
        if not isinstance(outcome, Record):
            return Lock(store, call, outcome)
        if outcome.cause.tag != "again":
            raise Refused(outcome)
        time.sleep(getattr(outcome.cause.payload, "retry-ms") / 1000)
