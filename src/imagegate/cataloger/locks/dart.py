"""Locks of Dart. Format: dart-lang/pub, lib/src/lock_file.dart."""

from imagegate.cataloger.locks.blocks import settings
from imagegate.cataloger.records import Finds, Unreadable


def pubspec(text: str, finds: Finds) -> None:
    """Read pubspec.lock."""
    packages: dict[str, dict[str, str]] = {}
    sections = set()
    for keys, value in settings(text):
        sections.add(keys[0])
        if keys[0] == "packages" and len(keys) > 1:
            packages.setdefault(keys[1], {})[keys[-1] if len(keys) == 3 else ""] = value
    if not sections & {"packages", "sdks"}:
        raise Unreadable("it is not a lock of pub")
    for name, entry in packages.items():
        if entry.get("source") in ("path", "sdk"):  # a folder of the application, or a part of Flutter
            continue
        if entry.get("dependency") == "direct dev":
            finds.development(name)
        else:
            finds.add(name, entry.get("version"))
