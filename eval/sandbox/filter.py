"""The system calls that confined code may not make, as a filter that the kernel reads (seccomp, classic BPF).

Without it a program could make namespaces of its own and fill memory through their file systems, keep memory that no
process owns, or reach the host of a virtual machine through a kind of socket that has no network namespace.
"""

from __future__ import annotations

import errno
import platform
import struct

from eval.errors import SandboxMissing

_NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET and TIME
_SOCKET_FAMILIES = (1, 2, 10, 16)  # unix, IPv4, IPv6, netlink: those that a network namespace confines

# audit architecture; numbers of clone, unshare, socket, clone3; numbers of what is refused: setns, mount, umount2,
# pivot_root, shmget, msgget, bpf, userfaultfd, perf_event_open, open_by_handle_at, add_key, request_key, keyctl
_MACHINES = {
    "x86_64": (0xC000003E, 56, 272, 41, 435, (308, 165, 166, 155, 29, 68, 321, 323, 298, 304, 248, 249, 250)),
    "aarch64": (0xC00000B7, 220, 97, 198, 435, (268, 40, 39, 41, 194, 186, 280, 282, 241, 265, 217, 218, 219)),
}
# The same numbers everywhere: io_uring_setup, open_tree, move_mount, fsopen, fsmount, mount_setattr, memfd_secret
_REFUSED_EVERYWHERE = (425, 428, 429, 430, 432, 442, 447)

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; the argument's low word


def seccomp_filter() -> bytes:
    """The program, to be handed to bubblewrap. Raises SandboxMissing on a processor whose call numbers are not here."""
    machine = platform.machine()
    if machine not in _MACHINES:
        raise SandboxMissing(f"no sandbox for generated code on a {machine} processor; --unsafe runs it without one")
    architecture, clone, unshare, socket, clone3, refused = _MACHINES[machine]
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        _refusal(errno.ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_AT_LEAST, 0, 1, 0x40000000),  # another set of numbers for the same calls (x32)
        _refusal(errno.ENOSYS),
        # clone3 keeps its flags in memory, where a filter cannot look; the C library falls back on clone.
        (_JUMP_EQUAL, 0, 1, clone3),
        _refusal(errno.ENOSYS),
    ]
    for number in (*refused, *_REFUSED_EVERYWHERE):
        program += [(_JUMP_EQUAL, 0, 1, number), _refusal(errno.EPERM)]
    for number in (clone, unshare):
        program += [
            (_JUMP_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_SET, 0, 1, _NAMESPACE_FLAGS if number == unshare else _NAMESPACE_FLAGS & ~0xFF),
            _refusal(errno.EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    families = [(_JUMP_EQUAL, len(_SOCKET_FAMILIES) - i, 0, family) for i, family in enumerate(_SOCKET_FAMILIES)]
    program += [
        (_JUMP_EQUAL, 0, 2 + len(families), socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *families,
        _refusal(errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _refusal(error: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _REFUSE | error)
