# SPDX-License-Identifier: Apache-2.0
"""forbid.py COMMAND...: run it where close_range(2) is not permitted (x86-64)."""
import ctypes
import os
import struct
import sys

CLOSE_RANGE, EPERM = 436, 1
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def statement(code, yes, no, k):
    return struct.pack("=HBBI", code, yes, no, k)


program = (statement(0x20, 0, 0, 0)                     # the number of the system call
           + statement(0x15, 0, 1, CLOSE_RANGE)
           + statement(0x06, 0, 0, 0x00050000 | EPERM)  # SECCOMP_RET_ERRNO
           + statement(0x06, 0, 0, 0x7fff0000))         # SECCOMP_RET_ALLOW


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Filter(4, program)), 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execvp(sys.argv[1], sys.argv[1:])
