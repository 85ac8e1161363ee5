"""Locks of Composer. Format: composer/composer, src/Composer/Package/Locker.php."""

from imagegate.cataloger.records import Finds, Unreadable, read_json, rows, text_of


def composer(text: str, finds: Finds) -> None:
    """Read composer.lock."""
    document = read_json(text)
    if "packages" not in document:
        raise Unreadable("it is not a lock of Composer")
    for entry in rows(document, "packages", finds):
        dist = entry.get("dist")
        if isinstance(dist, dict) and dist.get("type") == "path":
            continue  # a folder of the application
        vendor, _, name = text_of(entry.get("name")).lower().rpartition("/")
        finds.add(f"{vendor}/{name}" if vendor else name, entry.get("version"), vendor, name)
    for entry in rows(document, "packages-dev", finds):
        finds.development(entry.get("name"))
