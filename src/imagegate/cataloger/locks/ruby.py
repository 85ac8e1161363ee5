"""Locks of Bundler. Format: ruby/rubygems, bundler/lib/bundler/lockfile_parser.rb. It does not say what is for development."""

import re

from imagegate.cataloger.records import Finds, Unreadable

_GEM = re.compile(r" {4}([^\s(]+) \(([^-)]*)(?:-[^)]*)?\)!?\Z")  # with four blanks; after `-` stands the platform


def gemfile(text: str, finds: Finds) -> None:
    """Read Gemfile.lock."""
    section = ""
    for line in text.split("\n"):
        if line[:1].isupper():
            section = line
        elif section in ("GEM", "GIT", "PLUGIN SOURCE") and line.startswith("    ") and line[4:5] not in ("", " "):
            gem = _GEM.match(line)
            finds.add(*gem.groups() if gem else ("", ""))
    if not section:
        raise Unreadable("it is not a lock of Bundler")
