"""Compares the two ways in which this package could be made: the native backend, and the component in wasmtime.

    python measure.py              # both, where `wasmtime` is installed too; and `filelock`, if it is

Each number is the least of seven fresh interpreters, so that other work on the machine counts least. The component's
glue is the example in `host/examples/python`.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "host/examples/python"

NATIVE = "import lockhost; lock = lambda d: lockhost.acquire(d)"
COMPONENT = f"import sys; sys.path.insert(0, {str(EXAMPLE)!r}); from lock import acquire as lock"
FILELOCK = """
from filelock import FileLock
def lock(directory):
    lock = FileLock(directory + "/data.lock")
    lock.acquire()
    return lock
"""

# Prints the seconds of: the import, the first lock, and the quickest of the others.
SCRIPT = """
import time
begun = time.perf_counter()
{load}
imported = time.perf_counter()
import sys
def once():
    begun = time.perf_counter()
    lock(sys.argv[1]).release()
    return time.perf_counter() - begun
first = once()
print(imported - begun, first, min(once() for _ in range(int(sys.argv[2]))))
"""


def measured(load: str, rounds: int, runs: int) -> list[float]:
    """Returns the least times of the import, of the first lock and of the others."""
    results = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as directory:
            command = [sys.executable, "-c", SCRIPT.format(load=load), directory, str(rounds)]
            out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=directory).stdout
            results.append([float(it) for it in out.split()])
    return [min(column) for column in zip(*results, strict=True)]


def main() -> None:
    """Prints a table."""
    print(f"Python {sys.version.split()[0]}, {time.strftime('%F')}")
    print("| | import | first lock | acquire and release |\n| --- | --- | --- | --- |")
    for name, load, rounds in (
        ("native", NATIVE, 2000),
        ("component", COMPONENT, 200),
        ("filelock", FILELOCK, 2000),
    ):
        try:
            imported, first, others = measured(load, rounds, 7)
        except subprocess.CalledProcessError as error:
            print(f"{name}: {error.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            continue
        print(f"| {name} | {imported * 1e3:.1f} ms | {first * 1e3:.2f} ms | {others * 1e6:.0f} µs |")


if __name__ == "__main__":
    main()
