"""From a package URL to the name and version that OSV uses in that ecosystem (OSV schema, "Defined ecosystems")."""

import re

from imagegate.source.sbom.purl import Purl

_PLAIN = ("deb", "apk", "rpm", "alpm", "pypi", "gem", "cargo", "nuget", "hex", "pub", "hackage", "cran", "conan", "bitnami")
_GO = re.compile(r"(?:go|v)?(\d+)\.(\d+)(?:\.(\d+))?(?:-?(alpha|beta|rc)\.?(\d+))?(?:[\s-].*)?\Z")
_EPOCH = re.compile(r"\d+:")
# RubyGems: a platform is CPU and system, or a word; left on a version it would make it a prerelease.
_PLATFORM = re.compile(
    r"-(?:(?:x86_64|x86|x64|i[3-6]86|aarch64|arm64|arm|armv\d\w*|universal|ppc64le|s390x)-.+|java|jruby|mswin.*)\Z"
)
_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm\Z")
UNKNOWN = ("", "(devel)", "unknown")  # what syft and Go write where there is no version


def name_of(purl: Purl) -> str:
    """Return the name: `@scope/name`, `group:artifact`, `vendor/name`, a module path, or the plain name."""
    if purl.type == "pypi":
        return re.sub(r"[-_.]+", "-", purl.name).lower()
    if purl.type in _PLAIN or not purl.namespace:
        return purl.name.lower() if purl.type in ("deb", "apk", "composer") else purl.name
    full = f"{purl.namespace}{':' if purl.type == 'maven' else '/'}{purl.name}"
    return full.lower() if purl.type == "composer" else full


def spelled_as(name: str, purl: Purl, candidates: list[str]) -> str | None:
    """Return the name in the spelling of a component that has the same one, None where none has.

    Package URLs of some tools are all lower case, the names of Go modules and old npm packages are not.
    """
    if purl.type not in ("pypi", "deb", "apk", "composer"):
        for candidate in candidates:
            if candidate.lower() == name.lower():
                return candidate
    if purl.name in candidates:
        return name
    alike = {_folded(word) for word in (name, purl.name, f"{purl.namespace}/{purl.name}")}
    return name if any(_folded(candidate) in alike for candidate in candidates) else None


def _folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())


def version_of(purl: Purl, version: str, told: str = "") -> str:
    """Return the version as its ecosystem compares it, "" where it is none; `told` is that of the component."""
    if version.lower() in UNKNOWN:
        return ""
    epoch = purl.qualifier("epoch")
    if purl.type in ("rpm", "deb") and not _EPOCH.match(version):
        if not epoch and told.endswith(f":{version}") and _EPOCH.match(told):
            epoch = told.partition(":")[0]
        return f"{epoch}:{version}" if epoch.isascii() and epoch.isdigit() and epoch.strip("0") else version
    if purl.type == "golang" and purl.name == "stdlib" and not purl.namespace and (go := _GO.match(version)):
        major, minor, patch, stage, number = go.groups()
        return f"{major}.{minor}.{patch or 0}" + (f"-{stage}.{number}" if stage else "")
    return _PLATFORM.sub("", version) if purl.type == "gem" else version


def same_version(left: str, right: str) -> bool:
    """Return whether two are one version but for an epoch or a prefix, which tools write in one place and not in another."""
    return _bare(left) == _bare(right)


def _bare(version: str) -> str:
    return re.sub(r"\A(?:\d+:|go|v)", "", version.strip().lower())


def source(text: str) -> tuple[str, str]:
    """Return name and version of a source package as syft writes it: `gcc-9@9.3`, `gcc-9`, or the file of a source rpm."""
    if rpm := _SOURCE_RPM.match(text):
        return rpm["name"], rpm["version"]
    name, _, version = text.partition("@")
    return name.strip(), version.strip()
