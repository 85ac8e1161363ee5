"""Reads package URLs (purl specification, "How to parse a purl string in its components").

Everything is percent-decoded exactly once. What tools are known to leave unencoded is taken as meant: the `@` of an
npm scope, and the slashes of a module path that were encoded although they part segments.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

_LONGEST = 8192  # characters
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*\Z")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9._-]*\Z")
_BAD_CODE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Purl:
    """The parts of a package URL, decoded; `namespace` keeps its slashes, `qualifiers` are sorted."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""

    def qualifier(self, key: str) -> str:
        """Return the value of a qualifier, "" where there is none."""
        return dict(self.qualifiers).get(key, "")

    def __str__(self) -> str:
        """Return the canonical form, in the encoding of `model.inventory.package_url`."""
        segments = [segment for part in (self.namespace, self.name) for segment in part.split("/") if segment]
        path = "/".join(quote(segment, safe=":~.-_") for segment in segments)
        version = f"@{quote(self.version, safe=':/~.-_')}" if self.version else ""
        pairs = "&".join(f"{key}={quote(value, safe=':/~.-_')}" for key, value in self.qualifiers)
        subpath = f"#{quote(self.subpath, safe='/:~.-_')}" if self.subpath else ""
        return f"pkg:{self.type}/{path}{version}" + (f"?{pairs}" if pairs else "") + subpath


def parse(text: str) -> Purl:
    """Return the parts; raises ValueError, in words, for what is not a package URL."""
    if len(text) > _LONGEST:
        raise ValueError("too long")
    rest, _, subpath = text.strip().partition("#")
    rest, _, query = rest.partition("?")
    scheme, colon, rest = rest.partition(":")
    if not colon or scheme.lower() != "pkg":
        raise ValueError("does not begin with pkg:")
    kind, slash, rest = rest.strip("/").partition("/")
    if not slash or not _TYPE.match(kind):
        raise ValueError("names no type")
    path, version = _version(rest)
    segments = [segment for segment in path.split("/") if segment]
    *namespace, name = [_decode(segment).strip("/") for segment in segments] or [""]
    if not name.strip():
        raise ValueError("names no package")
    return Purl(
        kind.lower(),
        "/".join(part for part in namespace if part),
        name,
        _decode(version).strip(),
        _qualifiers(query),
        "/".join(_decode(part) for part in subpath.split("/") if part not in ("", ".", "..")),
    )


def _version(path: str) -> tuple[str, str]:
    """Split at the last `@` that is not the first character of a segment: that one begins an npm scope."""
    before, at, version = path.rpartition("@")
    if not at or not before or (before.endswith("/") and "/" in version):
        return path, ""
    return before, version


def _qualifiers(query: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        key, _, value = pair.partition("=")
        if not _KEY.match(key):
            raise ValueError("has a qualifier without a proper name")
        if key.lower() in found:
            raise ValueError("has a qualifier twice")
        found[key.lower()] = _decode(value)
    return tuple(sorted((key, value) for key, value in found.items() if value))


def _decode(text: str) -> str:
    if _BAD_CODE.search(text):
        raise ValueError("has a percent sign that encodes nothing")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("encodes what is not UTF-8") from None
