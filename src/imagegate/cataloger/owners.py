"""Which package a file belongs to: what the catalogers of package databases share for that."""


def spellings(path: str) -> list[bytes]:
    """Return how a package's list of files may write a path: where `/lib` is a link to `usr/lib`, both are found."""
    written = [path.encode("utf-8", "surrogateescape")]
    if path.startswith(("usr/lib", "usr/bin/", "usr/sbin/")):
        written.append(written[0][len("usr/") :])
    return written
