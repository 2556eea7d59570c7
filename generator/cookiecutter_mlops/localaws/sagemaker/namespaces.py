"""Hold a network for a job's processes: names for its hosts and, where it is isolated, nothing beyond the loopback.

    python namespaces.py HOSTS_FILE open|isolated

This program makes a user, a mount and, for `isolated`, a network namespace, puts the file in the place of /etc/hosts,
says `ready` and keeps them until it is ended. It needs no privileges, but a Linux kernel that gives user namespaces
to everybody; on others it says why not and ends with 1. See `man 7 user_namespaces`.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

_NEWNS, _NEWUSER, _NEWNET = 0x00020000, 0x10000000, 0x40000000
_BIND = 4096
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS; IFF_UP | IFF_RUNNING


def main(hosts: str, reach: str) -> None:
    """Make the namespaces and wait; raise OSError where the kernel refuses."""
    libc, user, group = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    _checked(libc.unshare(_NEWUSER | _NEWNS | (_NEWNET if reach == "isolated" else 0)), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _checked(libc.mount(hosts.encode(), b"/etc/hosts", None, _BIND, None), "mount /etc/hosts")
    if reach == "isolated":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14s", b"lo", _UP_AND_RUNNING, b""))
    print("ready", flush=True)
    signal.pause()


def _checked(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, AttributeError) as error:  # AttributeError: a C library without unshare
        sys.exit(str(error))
