"""Modules of rpm distributions: builds of one package from several streams, each with versions and fixes of its own.

A package of a module has the mark `.module_el8.6.0+…` (AlmaLinux), `.module+el8.8.0+…` (Red Hat, Rocky, Oracle) or
`.module_f31+…` (Fedora) in its release; its label is `name:stream:version:context`. Nothing else in a record tells
the stream but its title: `Important: nodejs:16 security update`.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from imagegate.version import Compare

_BUILD = re.compile(r"\.module[_+](?=el|f|oe|ol)")
_LABEL = re.compile(r"[?&]rpmmod=([^&]+)")


def stream_mismatch(installed: str, bound: str) -> bool:
    """Return whether only one of two versions is a module's, so that they must not be compared.

    A bound without a version ("0", "*") is of both kinds.
    """
    return bound not in ("0", "*") and bool(_BUILD.search(installed)) != bool(_BUILD.search(bound))


def rebuilds(fixed: Iterable[str], compare: Compare) -> frozenset[str]:
    """Return those fixed versions of a package in one record that only repeat another one for a later minor release.

    They differ behind `.module` alone (of 3,576 cases in AlmaLinux's records 3,545 do); the lowest of them has the fix.
    """
    lowest: dict[str, str] = {}
    several = set(fixed)
    for version in several:
        plain = _BUILD.split(version)[0]
        if plain != version and (plain not in lowest or compare(version, lowest[plain]) < 0):
            lowest[plain] = version
    return frozenset(version for version in several if lowest.get(_BUILD.split(version)[0], version) != version)


def other_stream(purl: str, title: str) -> bool:
    """Return whether a record's title names the module of a package, but with another stream than the package has.

    False wherever either does not tell: a doubt counts as affected.
    """
    label = _LABEL.search(purl)
    module, _, rest = unquote(label[1]).partition(":") if label else ("", "", "")
    named = re.findall(rf"(?<![\w.-]){re.escape(module)}:([\w.-]+)", title[:2000]) if module and rest else []
    return bool(named) and rest.partition(":")[0] not in named
