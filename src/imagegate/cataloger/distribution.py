"""Which distribution an image is, told by its files.

Order: `etc/os-release`, `usr/lib/os-release` (os-release(5)), `etc/lsb-release`, `etc/alpine-release`,
`etc/debian_version`. Nothing that a label or a name says counts.
"""

import shlex

from imagegate.cataloger.history import read
from imagegate.model.image import Evidence, Files
from imagegate.model.inventory import Distribution
from imagegate.model.releases import FAMILIES, Family, Release
from imagegate.text import clean, decode

_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_LSB, _ALPINE, _DEBIAN = "etc/lsb-release", "etc/alpine-release", "etc/debian_version"
_BASENAMES = {path.rpartition("/")[2] for path in (*_OS_RELEASE, _LSB, _ALPINE, _DEBIAN)}
_LONGEST = 64 << 10  # bytes: the real ones have less than one


def wants(path: str) -> bool:
    """Return whether a file of that path may be read by `detect`."""
    return path.rpartition("/")[2] in _BASENAMES


def detect(files: Files) -> tuple[Distribution | None, list[Evidence]]:
    """Return the distribution, None where there is none or it is not known, and what was noticed on the way."""
    evidence: list[Evidence] = []
    facts, origin = _facts(files, evidence)
    if not facts:
        return None, evidence
    found = _known(facts, origin, evidence)
    if found is not None:
        _contradictions(files, found, origin, evidence)
    return found, evidence


def _facts(files: Files, evidence: list[Evidence]) -> tuple[dict[str, str], str]:
    """Return the facts of the first file that names a distribution, in the words of os-release."""
    nameless = ""
    for path in _OS_RELEASE:
        text = _text(files, path, evidence)
        facts = _assignments(text or "")
        if facts.get("ID"):
            return facts, path
        if text is not None or (files.depth and files.exists(path, files.depth - 1)):
            nameless = nameless or path
    lsb = _assignments(_text(files, _LSB, evidence) or "")
    if lsb.get("DISTRIB_ID"):
        names = {
            "ID": "DISTRIB_ID",
            "VERSION_ID": "DISTRIB_RELEASE",
            "VERSION_CODENAME": "DISTRIB_CODENAME",
            "PRETTY_NAME": "DISTRIB_DESCRIPTION",
        }
        return {key: lsb.get(name, "") for key, name in names.items()}, _LSB
    if version := (_text(files, _ALPINE, evidence) or "").strip():
        return {"ID": "alpine", "VERSION_ID": version}, _ALPINE
    if version := (_text(files, _DEBIAN, evidence) or "").strip():
        numbered = version[:1].isdigit()
        return {"ID": "debian", "VERSION_ID" if numbered else "VERSION_CODENAME": version.partition("/")[0]}, _DEBIAN
    if nameless:
        evidence.append(Evidence("unknown_distro", "fail", f"{nameless} names no distribution, and no other file does"))
    return {}, ""


def _known(facts: dict[str, str], origin: str, evidence: list[Evidence]) -> Distribution | None:
    identity = facts["ID"].lower()
    version, codename = facts.get("VERSION_ID", ""), facts.get("VERSION_CODENAME", "").lower()
    pretty = facts.get("PRETTY_NAME", "")
    family = FAMILIES.get(identity)
    if family is not None:
        release = _release(family, version, codename)
        if not release.version and family.parts:
            said = f"codename {codename}" if codename else "no version"
            evidence.append(Evidence("unknown_distro", "fail", f"{origin} says {identity} with {said}: no release that is known"))
        return Distribution(identity, release.version, codename or release.codename, pretty, release.end or None)
    for base, key in (("ubuntu", "UBUNTU_CODENAME"), ("debian", "DEBIAN_CODENAME"), ("debian", "VERSION_CODENAME")):
        named = _by_codename(FAMILIES[base], facts.get(key, "").lower())
        if named is not None and (base == "ubuntu" or "debian" in facts.get("ID_LIKE", "").split() or key == "DEBIAN_CODENAME"):
            detail = f"{origin} says {identity} {version}: taken as {base} {named.version}, because {key} is {named.codename}"
            evidence.append(Evidence("unknown_distro", "warn", detail))
            return Distribution(base, named.version, named.codename, pretty, named.end)
    evidence.append(
        Evidence(
            "unknown_distro", "fail", f"{origin} says {identity} {version}".rstrip() + ", whose packages cannot be judged yet"
        )
    )
    return None


def _release(family: Family, version: str, codename: str) -> Release:
    """Return the release; its version is cut as the distribution counts, its end is "" where it is not known."""
    if not version:
        return _by_codename(family, codename) or Release("", codename, "")
    parts = version.split(".")
    early = family.parts == 1 and parts[0] == "3"  # Debian counted 3.0 and 3.1 as two releases
    cut = ".".join(parts[: 2 if early else family.parts])
    for release in family.releases:
        if release.version == cut:
            return release
    ended = family.releases and _number(cut) is not None and _below(cut, family.releases[0].version)
    return Release(cut, codename, family.releases[0].end if ended else "")


def _by_codename(family: Family, codename: str) -> Release | None:
    return next((release for release in family.releases if codename and release.codename == codename), None)


def _number(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts) else None


def _below(left: str, right: str) -> bool:
    first, second = _number(left), _number(right)
    return first is not None and second is not None and first < second


def _contradictions(files: Files, found: Distribution, origin: str, evidence: list[Evidence]) -> None:
    """Another file of the same distribution that names another release: one of them is forged or left over."""
    path = {"debian": _DEBIAN, "alpine": _ALPINE}.get(found.id)
    if path is None or origin == path:
        return
    text = (_text(files, path, []) or "").strip()
    if text[:1].isdigit():
        other = _release(FAMILIES[found.id], text, "").version
        if other != found.version:
            detail = f"{origin} says {found.id} {found.version or 'without a version'}, {path} says {clean(text, 40)}"
            evidence.append(Evidence("unknown_distro", "fail", detail))


def _text(files: Files, path: str, evidence: list[Evidence]) -> str | None:
    if not files.depth:
        return None
    file = files.find(path, files.depth - 1)
    if file is None:
        if files.exists(path, files.depth - 1) and path != _OS_RELEASE[0]:
            evidence.append(Evidence("unreadable", "fail", f"{path} is there, but is not a file that can be read"))
        return None
    content = read(files, file) if file.size <= _LONGEST else f"{file.size:,} bytes are too many"
    if isinstance(content, str):
        evidence.append(Evidence("unreadable", "fail", f"{path}: {content}"))
        return None
    return decode(content)


def _assignments(text: str) -> dict[str, str]:
    """Parse the shell-like `KEY=value` lines of os-release; a line that cannot be read costs only itself."""
    facts = {}
    for line in text.split("\n"):
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:
            words = [value.strip("\"'")]
        facts[key.strip()] = clean(" ".join(words), 200)
    return facts
