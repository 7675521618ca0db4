"""Runs a command in a Debian root, shut off from this machine and from other runs.

Each run has its own mounts, processes, shared memory and network (none at all). The root's system
folders are read-only; everything else inside is empty at the start and forgotten at the end,
except for the folders of this machine that are asked for, which have the same paths inside. So any
number of runs share one root, X displays of the same number do not meet, and no process and no
mount outlives its run, however it ends.

Linux, root and util-linux only. Standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Runs as process 1 of the new namespace. The command is a child of it, since some commands (and all
# that rely on the default actions of signals) do not work as process 1.
# Arguments: root, working folder, then "ro" or "rw" with a path for each folder, "--", the command.
START = r"""
set -euo pipefail
root=$1 folder=$2 new=$1/mnt
shift 2
mount -t tmpfs -o mode=755 tmpfs "$new"
mkdir "$new"/{dev,etc,proc,run,tmp,usr,var}
for name in bin lib lib32 lib64 libx32 sbin; do
    if [ -L "$root/$name" ]; then ln -s "usr/$name" "$new/$name"; fi
done
for name in etc usr var; do
    mount --bind "$root/$name" "$new/$name"
    mount -o remount,bind,ro "$new/$name"
done
mount -t proc proc "$new/proc"
mount --rbind /dev "$new/dev"
mount -t tmpfs -o mode=1777 tmpfs "$new/dev/shm"
chmod 1777 "$new/tmp" "$new/run"
while [ "$1" != -- ]; do
    mkdir -p "$new$2"
    mount --bind "$2" "$new$2"
    if [ "$1" = ro ]; then mount -o remount,bind,ro "$new$2"; fi
    shift 2
done
shift
mkdir -p "$new$HOME"
status=0
chroot "$new" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@" || status=$?
exit "$status"
"""


class Finished(NamedTuple):
    """How a command ended.

    Attributes:
        status: exit status; negative is a signal; None when the time limit ended it.
        output: what it and all that it started printed, both streams in their order.
        seconds: how long it ran.
    """

    status: int | None
    output: str
    seconds: float


def run(
    root: Path,
    command: Sequence[str],
    *,
    output: Path,
    home: Path,
    readable: Sequence[Path] = (),
    writable: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    limit: float = 120,
) -> Finished:
    """Runs a command, and everything it starts, to its end or to the time limit.

    Args:
        root: a Debian system.
        command: program and arguments, found on the root's usual path.
        output: file for all that is printed; made anew.
        home: the home folder and the working folder; writable.
        readable: more folders of this machine, seen at the same paths inside.
        writable: those that may also be written to.
        environment: added to PATH, HOME, LANG and TERM; nothing else is handed down.
        limit: seconds.

    Raises:
        OSError: unshare or setpriv is missing.
    """
    home = home.resolve()
    # pdeathsig: should this process be killed itself, the run goes with it.
    argv = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--ipc", "--net"]
    argv += ["--fork", "--kill-child", "--propagation=private", "/bin/bash", "-c", START, "start"]
    argv += [str(root), str(home)]
    for folder in readable:
        argv += ["ro", str(folder.resolve())]
    for folder in (home, *writable):
        argv += ["rw", str(folder.resolve())]
    argv += ["--", *command]
    given = {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}
    given |= {"PYTHONUNBUFFERED": "1", **(environment or {})}
    return watch(argv, output=output, environment=given, limit=limit)


def watch(
    argv: Sequence[str], *, output: Path, environment: Mapping[str, str], limit: float
) -> Finished:
    """Waits for a process, which leads its own group, and leaves nothing of it behind."""
    begin = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl+C reaches pytest alone, and that ends the run
        )
        try:
            status: int | None = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end(process)
    return Finished(status, output.read_text(errors="replace"), time.monotonic() - begin)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills a run and waits until all of its processes are gone.

    The child of unshare is process 1 of the namespace: the kernel ends all others before that one
    counts as ended, and unshare waits for it.
    """
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            first = [int(pid) for pid in children.read_text().split()]
        except OSError:
            first = []
        for pid in first or [process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue
