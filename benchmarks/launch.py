"""Runs a command and prints its seconds, its peak memory as the system counts it, and its exit code.

A process begins with the peak of the one that started it, so the one that starts what is measured has to be small.
"""

import os
import sys
import time

nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
begin = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[nowhere])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - begin, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
