"""What images without rpm's database have instead: `container-manifest-2` of CBL-Mariner and Azure Linux (distroless).

A line for each package, written by `rpm -qa` when the image was made (toolkit of github.com/microsoft/azurelinux): name,
version-release, times of installation and build, vendor, epoch or "(none)", size, architecture, epoch as a number, source.
"""

from collections.abc import Callable, Iterator

from imagegate.cataloger.rpm.limits import MOST
from imagegate.cataloger.rpm.package import Entry
from imagegate.text import clean, decode

PATH = "var/lib/rpmmanifest/container-manifest-2"


def entries(data: bytes, lost: Callable[[str], None]) -> Iterator[Entry]:
    """Yield each package."""
    lines = data.split(b"\n", MOST)
    if len(lines) > MOST:
        lost(f"only {MOST:,} lines of it are read")
    for number, line in enumerate(lines[:MOST], 1):
        fields = [clean(decode(field)) for field in line.rstrip(b"\r").split(b"\t", 10)]
        if fields == [""]:
            continue
        name, version, epoch = fields[0], "".join(fields[1:2]), "".join(fields[8:9])
        if len(fields) != 10 or not name or "-" not in version or not (epoch.isascii() and epoch.isdigit()):
            lost(f"its line {number} is not a package")
            continue
        yield Entry(name, epoch.lstrip("0"), version, fields[7], fields[9], "")
