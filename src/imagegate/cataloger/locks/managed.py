"""Locks of NuGet and Gradle.

Formats: NuGet, "Lock dependencies" (`packages.lock.json`); Gradle user manual, "Locking Versions" (`gradle.lockfile`).
"""

from imagegate.cataloger.records import Finds, Unreadable, entries, member, read_json, text_of


def nuget(text: str, finds: Finds) -> None:
    """Read packages.lock.json."""
    document = read_json(text)
    if "dependencies" not in document:
        raise Unreadable("it is not a lock of NuGet")
    for framework in member(document, "dependencies"):
        for name, entry in entries(member(document, "dependencies"), framework, finds):
            if text_of(entry.get("type")).lower() != "project":
                finds.add(name, entry.get("resolved"))


def gradle(text: str, finds: Finds) -> None:
    """Read gradle.lockfile: `GROUP:ARTIFACT:VERSION=CONFIGURATIONS`."""
    found = False
    for line in text.split("\n"):
        module, equals, configurations = line.strip().partition("=")
        if not module or module[0] == "#" or module == "empty":
            found = found or module == "empty"
            continue
        group, artifact, version = [*module.split(":", 3), "", ""][:3]
        found = True
        if all(name.startswith("test") for name in configurations.split(",")):
            finds.development(module)
        else:
            finds.add(f"{group}:{artifact}" if equals and group and artifact else "", version, group, artifact)
    if not found:
        raise Unreadable("it is not a lock of Gradle")
