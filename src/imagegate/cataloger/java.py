"""Java archives: the coordinates that Maven leaves in them, or what their manifest and name tell, however deep they lie.

Formats: Maven Archiver, "pom.properties"; JAR File Specification; Spring Boot, "Executable Jar Format" (`BOOT-INF/lib`);
Jakarta Servlet, "Web Applications" (`WEB-INF/lib`); Jenkins, "Plugin Manifest" (`Group-Id`, `Short-Name`).
"""

import re
from dataclasses import dataclass, field

from imagegate.cataloger import javaname
from imagegate.cataloger.interface import Sighting, Sightings
from imagegate.cataloger.ziparchive import Archive, Damaged, Member
from imagegate.model.image import Content
from imagegate.model.inventory import package_url
from imagegate.text import clean, decode

_ARCHIVES = (".jar", ".war", ".ear", ".par", ".sar", ".nar", ".hpi", ".jpi", ".lpkg", ".kar")
_PLUGINS = (".hpi", ".jpi")  # of Jenkins
_APPLICATIONS = (".war", ".ear", *_PLUGINS)
_NO_CODE = ("-sources", "-javadoc")
_NESTED = tuple(ending.encode() for ending in _ARCHIVES)
_RECORD = re.compile(rb"(?:^|/)META-INF/maven/([^/]+)/([^/]+)/pom\.(properties|xml)\Z")
_MANIFEST = b"META-INF/MANIFEST.MF"
_DEPTH = 4  # of archives in archives: a library in a module in an application, and one to spare
_RECORD_SIZE = 1 << 20  # bytes of a manifest or of Maven's records
_PROPERTY = re.compile(rb"(?:\A|[\r\n])[ \t]*(groupId|artifactId|version)[ \t]*=([^\r\n]*)")
_ARCHIVE_SIZE = 64 << 20  # bytes of an archive that is packed within another
_UNRESOLVED = re.compile(r"[${}<>\s]")
# What one file may cost, with all that lies in it.
_MOST_UNPACKED = 512 << 20
_MOST_ARCHIVES = 5000
_MOST_MEMBERS = 3_000_000  # of the shortest names
_MOST_RECORDS = 20_000
_MOST_WRITTEN = 64 << 20  # bytes of all manifests and records
_MOST_PROBLEMS = 200


class Java:
    """See interface.FileCataloger."""

    name = "java"
    names: tuple[str, ...] = ("pom.properties",)  # of an archive that was unpacked into the image
    endings = _ARCHIVES
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.lower().endswith(_ARCHIVES) or (path.endswith("/pom.properties") and "META-INF/maven/" in path)

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        looking = _Looking()
        if path.endswith("/pom.properties"):
            looking.properties(content.read_at(0, _RECORD_SIZE), path.encode("utf-8", "replace"), "")
        elif not content.size:
            looking.note("warn", "", "empty")
        elif path.lower().endswith((".jar", *_APPLICATIONS)) or content.read_at(0, 2) == b"PK":  # others use those endings too
            looking.archive(content, path.rsplit("/", 1)[-1], "", 0)
        looking.found.packages = list(dict.fromkeys(looking.found.packages))
        return looking.found


class _Spent(Exception):
    """A file costs more than all that lies in it may."""


@dataclass(frozen=True, slots=True)
class _Coordinates:
    group: str
    artifact: str
    version: str


@dataclass(slots=True)
class _Contents:
    """What in an archive tells of packages."""

    records: dict[bytes, Member] = field(default_factory=dict)
    nested: list[Member] = field(default_factory=list)
    manifest: Member | None = None


class _Looking:
    """One file and all archives in it."""

    def __init__(self) -> None:
        self.found = Sightings()
        self._left = {"unpacked": _MOST_UNPACKED, "archives": _MOST_ARCHIVES, "members": _MOST_MEMBERS, "records": _MOST_RECORDS}
        self._left["bytes of text"] = _MOST_WRITTEN

    def note(self, kind: str, inside: str, detail: str) -> None:
        if len(self.found.problems) < _MOST_PROBLEMS:
            self.found.problems.append((kind, f"{inside}: {detail}" if inside else detail))
        elif len(self.found.problems) == _MOST_PROBLEMS:
            self.found.unreadable("more is damaged in it than is listed")

    def archive(self, content: Content, file: str, inside: str, depth: int) -> None:
        """Note what an archive holds; `inside` is the way to it, `file` what it is called."""
        try:
            self._spend("archives", 1)
            archive = Archive(content)
            contents = self._contents(archive, inside)
            self._coordinates(archive, contents, file, inside)
            for member in contents.nested:
                self._nested(archive, member, inside, depth)
        except Damaged as error:
            self.note("fail", inside, str(error))
        except _Spent as error:
            if depth:
                raise
            self.note("fail", inside, f"it holds more {error} than are looked at")

    def _spend(self, what: str, amount: int) -> None:
        self._left[what] -= amount
        if self._left[what] < 0:
            raise _Spent("bytes" if what == "unpacked" else what)

    def _text(self, archive: Archive, member: Member) -> bytes:
        """Return a manifest or record; the same bytes may be those of many, and each of them costs time."""
        self._spend("bytes of text", min(member.size, _RECORD_SIZE))
        return archive.read(member, _RECORD_SIZE)

    def _contents(self, archive: Archive, inside: str) -> _Contents:
        self._spend("members", len(archive.directory) // 46)
        contents = _Contents()
        try:
            for member in archive.members(without=b".class"):
                name = member.name
                if name.endswith((b"/pom.properties", b"/pom.xml")):
                    if _RECORD.search(name):
                        self._spend("records", 1)
                        contents.records[name] = member
                elif name == _MANIFEST:
                    contents.manifest = member
                elif name.lower().endswith(_NESTED) and member.size:
                    contents.nested.append(member)
        except Damaged as error:  # what stands before the damage counts
            self.note("fail", inside, str(error))
        return contents

    def _nested(self, archive: Archive, member: Member, inside: str, depth: int) -> None:
        name = clean(decode(member.name))
        way = f"{inside}!/{name}" if inside else name
        if depth == _DEPTH:
            self.note("fail", way, "too deep in other archives")
            return
        try:
            if member.method and member.size <= _ARCHIVE_SIZE:
                self._spend("unpacked", member.size)
            content = archive.open(member, _ARCHIVE_SIZE)
        except Damaged as error:
            self.note("fail", way, str(error))
            return
        self.archive(content, name.rsplit("/", 1)[-1], way, depth + 1)

    def _coordinates(self, archive: Archive, contents: _Contents, file: str, inside: str) -> None:
        stem = file.rsplit(".", 1)[0]
        told: list[_Coordinates] = []
        for name, member in contents.records.items():
            try:
                if name.endswith(b"properties"):
                    told += self.properties(self._text(archive, member), name, inside)
                elif name[:-3] + b"properties" not in contents.records:
                    told += self._project(self._text(archive, member), name, inside)
            except Damaged as error:
                self.note("fail", inside, f"{clean(decode(name))} is {error}")
        said: dict[str, str] = {}
        own = any(_is_own(stem, one.artifact) for one in told)
        if contents.manifest and not own:
            try:
                said = javaname.manifest(self._text(archive, contents.manifest))
            except Damaged as error:
                self.note("fail", inside, f"its manifest is {error}")
        if file.endswith(_PLUGINS) and said.get("group-id") and said.get("short-name"):
            version = said.get("plugin-version", "").partition(" ")[0]
            self._package(said["group-id"], said["short-name"], version, inside)
        elif not own:
            self._guess(archive, contents, file, said, told, inside)

    def _guess(
        self, archive: Archive, contents: _Contents, file: str, said: dict[str, str], told: list[_Coordinates], inside: str
    ) -> None:
        """Note what an archive is that holds no record of its own."""
        stem, ending = file.rsplit(".", 1)
        if b".class" not in archive.directory or stem.endswith(_NO_CODE):
            return
        if not told and said.get("specification-title") == "Java Platform API Specification":
            return  # a part of the Java runtime, not of anything that is published
        if said.get("implementation-vendor-id", "") in {one.group for one in told}:
            said = {}  # the manifest is one of a library that was put into it
        guess = javaname.guess(stem, said, lambda folder: folder in archive.directory)
        # A file that was renamed is described by the one record in it.
        if len(told) == 1 and not guess.group and (guess.version in ("", told[0].version) or not re.search(r"[-_]\d", stem)):
            return
        application = f".{ending}" in _APPLICATIONS or "start-class" in said or "spring-boot-version" in said
        if guess.version:
            for artifact in guess.artifacts:
                self._package(guess.group, artifact, guess.version, inside, "guessed")
            if not guess.group and not application:
                self.note("warn", inside, f"{clean(guess.artifacts[0])} {clean(guess.version)}: its group is not known")
        elif not told and not application and not contents.nested:
            self.note("warn", inside, "its name and version are not known")

    def properties(self, data: bytes, name: bytes, inside: str) -> list[_Coordinates]:
        """Note the package of a pom.properties; return it, nothing when it was not readable."""
        fields = {decode(key): decode(value).strip() for key, value in _PROPERTY.findall(data)}
        return self._record(name, fields.get("groupId", ""), fields.get("artifactId", ""), fields.get("version", ""), inside)

    def _project(self, data: bytes, name: bytes, inside: str) -> list[_Coordinates]:
        """Note the package of a pom.xml that has no pom.properties beside it: its version stands before all that it uses."""
        text = re.sub(r"<!--.*?(?:-->|\Z)", "", decode(data), flags=re.DOTALL)
        top = re.split(r"<(?:dependenc|build|propert|profile|module|license|reporting)", text, maxsplit=1)[0]
        own = re.sub(r"<parent>.*?(?:</parent>|\Z)", "", top, flags=re.DOTALL)
        version = re.search(r"<version>\s*([^<\s]+)\s*</version>", own) or re.search(r"<version>\s*([^<\s]+)\s*</version>", top)
        return self._record(name, "", "", version[1] if version else "", inside, "guessed")

    def _record(
        self, name: bytes, group: str, artifact: str, version: str, inside: str, basis: str = "installed"
    ) -> list[_Coordinates]:
        place = _RECORD.search(name)
        if place:
            group, artifact = group or decode(place[1]), artifact or decode(place[2])
        if not group or not artifact or not version or any(_UNRESOLVED.search(text) for text in (group, artifact, version)):
            self.note("fail", inside, f"the coordinates in {clean(decode(name))} cannot be read")
            return []
        self._package(group, artifact, version, inside, basis)
        return [_Coordinates(group, artifact, version)]

    def _package(self, group: str, artifact: str, version: str, inside: str, basis: str = "installed") -> None:
        group, artifact, version = clean(group), clean(artifact), clean(version)
        if not version:
            self.note("fail", inside, f"the version of {artifact} is not known")
            return
        purl = package_url("maven", group, artifact, version, {})
        name = f"{group}:{artifact}" if group else artifact
        self.found.packages.append(Sighting("maven", name, version, purl, basis, inside))


def _is_own(stem: str, artifact: str) -> bool:
    """Return whether a file of that name, without its ending, is the artifact: `artifact-1.0`, `group.artifact-1.0`."""
    at = 0 if stem.startswith(artifact) else stem.find(f".{artifact}") + 1
    rest = stem[at + len(artifact) :] if at or stem.startswith(artifact) else "x"
    return not rest or (rest[0] in "-_" and rest[1:].removeprefix("v")[:1].isdigit())
