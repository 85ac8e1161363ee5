"""Which distribution an image is, told by its files.

Order: `etc/os-release`, `usr/lib/os-release` (os-release(5)), `etc/lsb-release`, `etc/alpine-release`,
`etc/debian_version`, `etc/redhat-release` and its likes. Nothing that a label or a name says counts.
"""

import re
import shlex
from collections.abc import Iterator

from imagegate.cataloger.history import read
from imagegate.model.image import Evidence, Files
from imagegate.model.inventory import Distribution
from imagegate.model.releases import FAMILIES, Family, Release
from imagegate.text import clean, decode

_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_LSB, _ALPINE, _DEBIAN = "etc/lsb-release", "etc/alpine-release", "etc/debian_version"
_NAMED = ("redhat", "centos", "rocky", "almalinux", "oracle", "fedora", "mageia", "openEuler", "system")
_RED_HATS = tuple(f"etc/{name}-release" for name in _NAMED)
_ALL = (*_OS_RELEASE, _LSB, _ALPINE, _DEBIAN, *_RED_HATS)
NAMES = {path.rpartition("/")[2] for path in _ALL}
# `CentOS Linux release 7.9.2009 (Core)`: how those files name a distribution, and what os-release calls it.
_RELEASE = re.compile(r"(?P<name>[A-Za-z][A-Za-z ]*?)(?: Linux)?(?: Server| AMI| Stream)* release (?P<version>\d[\d.]*)")
_IDS = {
    "red hat enterprise": "rhel",
    "centos": "centos",
    "rocky": "rocky",
    "almalinux": "almalinux",
    "oracle": "ol",
    "fedora": "fedora",
    "amazon": "amzn",
    "mageia": "mageia",
    "openeuler": "openeuler",
}
_LONGEST = 64 << 10  # bytes: the real ones have less than one


def wants(path: str) -> bool:
    """Return whether a file of that path may be read by `detect`."""
    return path.rpartition("/")[2] in NAMES


def detect(files: Files) -> tuple[Distribution | None, list[Evidence]]:
    """Return the distribution, None where there is none or it is not known, and what was noticed on the way."""
    evidence: list[Evidence] = []
    texts = {path: _text(files, path, evidence) for path in _ALL}
    facts, origin = _facts(texts)
    if not facts:
        nameless = next((path for path in _OS_RELEASE if files.depth and files.exists(path, files.depth - 1)), "")
        if nameless:
            evidence.append(Evidence("unknown_distro", "fail", f"{nameless} names no distribution, and no other file does"))
        return None, evidence
    found = _known(facts, origin, evidence)
    if found is not None:
        evidence += [Evidence("unknown_distro", "fail", detail) for detail in _contradictions(found, facts, origin, texts)]
    return found, evidence


def told(
    identity: str, version: str, codename: str, pretty: str, origin: str = "the SBOM"
) -> tuple[Distribution | None, list[Evidence]]:
    """Return the distribution that `origin` names in the words of os-release, and what was noticed on the way."""
    evidence: list[Evidence] = []
    facts = {"ID": identity, "VERSION_ID": version, "VERSION_CODENAME": codename, "PRETTY_NAME": pretty}
    return _known(facts, origin, evidence), evidence


def _facts(texts: dict[str, str]) -> tuple[dict[str, str], str]:
    """Return the facts of the first file that names a distribution, in the words of os-release."""
    for path in _OS_RELEASE:
        facts = _assignments(texts[path])
        if facts.get("ID"):
            return facts, path
    lsb = _lsb(texts)
    if lsb.get("ID"):
        return lsb, _LSB
    if version := texts[_ALPINE].strip():
        return {"ID": "alpine", "VERSION_ID": version}, _ALPINE
    if version := texts[_DEBIAN].strip():
        return _debian(version), _DEBIAN
    for path in _RED_HATS:
        if facts := _red_hat(texts[path]):
            return facts, path
    return {}, ""


def _red_hat(text: str) -> dict[str, str]:
    """Return what `etc/redhat-release` or one of its likes says, {} where it names no distribution that is known."""
    found = _RELEASE.match(text.strip()[:200])
    identity = _IDS.get(found["name"].lower(), "") if found else ""
    return {"ID": identity, "VERSION_ID": found["version"].rstrip("."), "PRETTY_NAME": text.strip()} if found and identity else {}


def _lsb(texts: dict[str, str]) -> dict[str, str]:
    names = {
        "ID": "DISTRIB_ID",
        "VERSION_ID": "DISTRIB_RELEASE",
        "VERSION_CODENAME": "DISTRIB_CODENAME",
        "PRETTY_NAME": "DISTRIB_DESCRIPTION",
    }
    lsb = _assignments(texts[_LSB])
    return {key: lsb.get(name, "") for key, name in names.items()}


def _debian(version: str) -> dict[str, str]:
    """Return what `etc/debian_version` says: `12.5`, or `trixie/sid` where the next release is being made."""
    return {"ID": "debian", "VERSION_ID" if version[:1].isdigit() else "VERSION_CODENAME": version.partition("/")[0]}


def _known(facts: dict[str, str], origin: str, evidence: list[Evidence]) -> Distribution | None:
    identity = facts["ID"].lower()
    version, codename = facts.get("VERSION_ID", ""), facts.get("VERSION_CODENAME", "").lower()
    pretty = facts.get("PRETTY_NAME", "")
    family = FAMILIES.get(identity)
    if family is not None:
        release = _release(family, version, codename)
        if not release.version and family.parts:
            said = f"version {clean(version, 40)}" if version else f"codename {codename}" if codename else "no version"
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
    if family.releases and _number(version) is None:
        return Release("", codename, "")  # `3.22.0_alpha20250108` is not yet 3.22
    parts = version.split(".")
    early = family is FAMILIES["debian"] and parts[0] == "3"  # Debian counted 3.0 and 3.1 as two releases
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


def _contradictions(found: Distribution, facts: dict[str, str], origin: str, texts: dict[str, str]) -> Iterator[str]:
    """Tell where the files do not name one and the same release: one of them is forged or left over."""
    identity, family = facts["ID"].lower(), FAMILIES[found.id]
    version = found.version or "without a version" if identity == found.id else facts.get("VERSION_ID", "")
    says = f"{origin} says {identity} {version}".rstrip()
    if identity == found.id:
        if not _agree(found, facts):
            yield f"{says}, but its codename is that of another release"
    elif facts.get("UBUNTU_CODENAME") and facts.get("DEBIAN_CODENAME"):
        yield f"{says}, with a codename of Ubuntu and one of Debian"
    other = _assignments(texts[_OS_RELEASE[1]])
    if origin == _OS_RELEASE[0] and other.get("ID") and _named(other) != _named(facts):
        yield f"{says}, {_OS_RELEASE[1]} says {other['ID']} {other.get('VERSION_ID', '')}".rstrip()
    lsb = _lsb(texts)
    if origin != _LSB and lsb["ID"].lower() == found.id == identity and not _agree(found, lsb):
        yield f"{says}, {_LSB} says {lsb['VERSION_ID']} {lsb['VERSION_CODENAME']}".rstrip()
    alpine = texts[_ALPINE].strip()
    if alpine and (family.database != "apk" or family.parts == 0):  # those with parts are made of Alpine
        yield f"{says}, but there is {_ALPINE}"
    elif alpine and found.id == "alpine" and _release(family, alpine, "").version != found.version:
        yield f"{says}, {_ALPINE} says {clean(alpine, 40)}"
    if identity == found.id:
        yield from _red_hat_contradictions(found, says, origin, texts)
    debian = texts[_DEBIAN].strip()
    if debian and family.database != "deb":
        yield f"{says}, but there is {_DEBIAN}"
        return
    numbered = debian[:1].isdigit()
    agreed = not numbered if found.id == "ubuntu" else found.id != "debian" or _agree(found, _debian(debian), strict=numbered)
    if not agreed:
        yield f"{says}, {_DEBIAN} says {clean(debian, 40)}"


def _red_hat_contradictions(found: Distribution, says: str, origin: str, texts: dict[str, str]) -> Iterator[str]:
    """Most of these files are links to one of them; Oracle has Red Hat's beside its own."""
    told = set()
    for path in _RED_HATS:
        facts = _red_hat(texts[path]) if path != origin else {}
        if not facts:
            continue
        same = facts["ID"] == found.id or (found.id, facts["ID"]) == ("ol", "rhel")
        if not same or _release(FAMILIES[found.id], facts["VERSION_ID"], "").version != found.version:
            text = clean(texts[path].strip(), 80)
            if text not in told:
                told.add(text)
                yield f"{says}, {path} says {text}"


def _agree(found: Distribution, facts: dict[str, str], *, strict: bool = False) -> bool:
    """Return whether version and codename, as far as they name known releases, name that one; `strict`: they must."""
    family = FAMILIES[found.id]
    version = facts.get("VERSION_ID", "")
    if version and (strict or _number(version) is not None) and _release(family, version, "").version != found.version:
        return False
    keys = ("VERSION_CODENAME", f"{found.id.upper()}_CODENAME")
    named = [release for key in keys if (release := _by_codename(family, facts.get(key, "").lower()))]
    return all(release.version == found.version for release in named)


def _named(facts: dict[str, str]) -> tuple[str, ...]:
    """Return what an os-release names, in a form in which two of them can be compared."""
    identity, version, codename = facts["ID"].lower(), facts.get("VERSION_ID", ""), facts.get("VERSION_CODENAME", "").lower()
    family = FAMILIES.get(identity)
    if family is not None:
        return identity, _release(family, version, codename).version
    return (identity, version, codename, *(facts.get(key, "").lower() for key in ("UBUNTU_CODENAME", "DEBIAN_CODENAME")))


def _text(files: Files, path: str, evidence: list[Evidence]) -> str:
    """Return the text, "" where there is none; what is there and cannot be read is evidence."""
    if not files.depth:
        return ""
    file = files.find(path, files.depth - 1)
    if file is None:
        if files.exists(path, files.depth - 1):
            evidence.append(Evidence("unreadable", "fail", f"{path} is there, but is not a file that can be read"))
        return ""
    content = read(files, file, _LONGEST)
    if isinstance(content, str):
        evidence.append(Evidence("unreadable", "fail", f"{path}: {content}"))
        return ""
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
        facts[key.strip()] = clean(" ".join(words).strip(), 200)
    return facts
