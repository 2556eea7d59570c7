"""A network of a server's own, in which its port is 8080, joined to this machine's by two doors.

SageMaker's containers listen on 8080, and here several run at once. Sockets belong to the network that they were made
in, whoever holds them: the door in is a socket of the machine, held within; the door out, to the embedded AWS, is one
of the inner network, held outside.
"""

import contextlib
import ctypes
import os
import signal
import socket
import threading
from collections.abc import Callable

from cookiecutter_mlops.localaws.sagemaker import namespaces

PORT = 8080
_HOST = "127.0.0.1"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def enter(outer: int, endpoint: int) -> None:
    """Go on in namespaces with a network of their own; from outside, its port 8080 is `outer`.

    `endpoint` is the port of the embedded AWS, which is reached as before; 0 if it may not be. Two processes stay at
    the doors, as ancestors of this one: a program that supervises its children knows none of them. Raises OSError.
    """
    door_in, (here, there) = socket.create_server((_HOST, outer), backlog=128), socket.socketpair()
    _leave_behind(lambda: _join(_received(there), endpoint))
    namespaces.enter(network=True)
    with here, there:
        if endpoint:
            with socket.create_server((_HOST, endpoint), backlog=128) as door_out:
                socket.send_fds(here, [b"1"], [door_out.fileno()])
        here.shutdown(socket.SHUT_WR)
    _leave_behind(lambda: _join(door_in, PORT))
    door_in.close()


def _leave_behind(work: Callable[[], object]) -> None:
    """Go on in a child, while this process works until that ends, and ends with its exit code."""
    child = os.fork()
    if not child:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the whole group gets it, and the child decides
    threading.Thread(target=work, daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _received(there: socket.socket) -> socket.socket | None:
    handles = socket.recv_fds(there, 1, 1)[1]
    return socket.socket(fileno=handles[0]) if handles else None


def _join(door: socket.socket | None, port: int) -> None:
    """Connect whoever comes through a door with a port of the network that this process is in."""
    while door:
        taken = door.accept()[0]
        threading.Thread(target=_connect, args=(taken, port), daemon=True).start()


def _connect(taken: socket.socket, port: int) -> None:
    # Nobody may listen yet: who came is sent away.
    with taken, contextlib.suppress(OSError), socket.create_connection((_HOST, port)) as other:
        back = threading.Thread(target=_copy, args=(other, taken), daemon=True)
        back.start()
        _copy(taken, other)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
