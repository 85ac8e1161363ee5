"""SQLite's write-ahead log: https://www.sqlite.org/fileformat2.html, section 4."""

import struct
from collections.abc import Callable

from imagegate.cataloger.rpm.limits import LONGEST


def apply(log: bytes, whole: bytearray, lost: Callable[[str], None]) -> None:
    """Write the committed pages of the log into the database, as SQLite does."""
    if not log:
        return
    size = len(log)
    page = struct.unpack_from(">I", log, 8)[0] if size >= 32 else 0
    if size < 32 or struct.unpack_from(">I", log)[0] & ~1 != 0x377F0682 or page < 512 or page & (page - 1) or page > 65536:
        lost("the log beside it cannot be read")
        return
    order = ">" if log[3] & 1 else "<"
    total = _sum(order, log[:24], (0, 0))
    if total != struct.unpack_from(">II", log, 24):
        lost("the log beside it cannot be read")
        return
    pages, committed, pending = 0, dict[int, int](), dict[int, int]()
    for at in range(32, size - 24 - page + 1, 24 + page):
        number, end, *rest = struct.unpack_from(">6I", log, at)
        total = _sum(order, log[at + 24 : at + 24 + page], _sum(order, log[at : at + 8], total))
        if log[at + 8 : at + 16] != log[16:24] or tuple(rest[2:]) != total or not number:
            break  # what an older log left behind, or a transaction that was cut off: not part of the database
        pending[number] = at + 24
        if end:  # a commit: how many pages the database has now
            pages = end
            committed |= pending
            pending = {}
    if pages * page > LONGEST:
        lost("the log beside it makes it larger than is read")
        return
    if committed:
        del whole[pages * page :]
        whole.extend(bytes(pages * page - len(whole)))
    for number, start in committed.items():
        if number <= pages:
            whole[(number - 1) * page : number * page] = log[start : start + page]


def _sum(order: str, data: bytes, total: tuple[int, int]) -> tuple[int, int]:
    first, second = total
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for left, right in zip(words[::2], words[1::2], strict=True):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return first, second
