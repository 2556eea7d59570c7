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
BIND, _PRIVATE = 4096 | 16384, 262144 | 16384  # MS_BIND and MS_PRIVATE, with MS_REC
_DETACH = 2  # MNT_DETACH
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS; IFF_UP | IFF_RUNNING


def main(hosts: str, reach: str) -> None:
    """Make the namespaces and wait; raise OSError where the kernel refuses."""
    enter(network=reach == "isolated")
    mount(hosts, "/etc/hosts")
    print("ready", flush=True)
    signal.pause()


def enter(network: bool) -> None:
    """Move this process into a user and a mount namespace; `network`: and into a network of nothing but a loopback."""
    user, group = os.getuid(), os.getgid()
    _checked(_libc().unshare(_NEWUSER | _NEWNS | (_NEWNET if network else 0)), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    mount("none", "/", flags=_PRIVATE)
    if network:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14s", b"lo", _UP_AND_RUNNING, b""))


def mount(source: str, place: str, kind: str = "", flags: int = BIND) -> None:
    """Mount something at a place of this process's own."""
    done = _libc().mount(os.fsencode(source), os.fsencode(place), kind.encode() or None, flags, None)
    _checked(done, f"mount {place}")


def become_root(folder: Path) -> None:
    """Make a mounted folder the root, and forget the old one.

    After `chroot` the folder would stay below the old root, and Landlock lets whoever may write in what is above it
    write anywhere in it. See `man 2 pivot_root`, "pivot_root(".", ".")".
    """
    os.chdir(folder)
    _checked(_libc().pivot_root(b".", b"."), "pivot_root")
    _checked(_libc().umount2(b".", _DETACH), "umount of the old root")
    os.chdir("/")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, AttributeError) as error:  # AttributeError: a C library without unshare
        sys.exit(str(error))
