"""Holds the lock on a directory until a signal: `python main.py DIRECTORY`, as `lockhost acquire DIRECTORY`."""

import signal
import sys

from lock import Refused, acquire

ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def known(variant):
    payload = getattr(variant, "payload", None)
    return f"{variant.tag}: {payload}" if isinstance(payload, str) else variant.tag


def main(directory):
    # Before anything else is started, which would not wait for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        lock = acquire(directory)
    except Refused as refused:
        error = refused.error
        holder = getattr(error.cause.payload, "holder", None)
        why = f"held by pid {holder.pid} ({known(holder.liveness)})" if holder else error.cause.tag
        print(f"{directory}/{error.file}: {why}", file=sys.stderr)
        return 75 if error.cause.tag in ("held", "contended") else 1
    report = lock.report()
    for it in report.replaced:
        print(f"replaced {it.file} of pid {it.pid} ({known(it.reason)})", file=sys.stderr)
    print(f"acquired {directory}/{report.file} (pid {report.pid})", flush=True)
    signal.sigwait(ENDING)
    lock.release()
    return 0


sys.exit(main(sys.argv[1]))
