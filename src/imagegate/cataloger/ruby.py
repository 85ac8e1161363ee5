"""Ruby gems: `specifications/*.gemspec`, those that come with Ruby, and checkouts that Bundler made.

Format: RubyGems, lib/rubygems/specification.rb (`to_ruby`) and stub_specification.rb: a line
`# stub: name version platform require_paths`, then the assignments as literals. No Ruby is run. Bundler writes the
same form into its checkouts of git repositories; the gemspecs of a project itself are programs and not looked at.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import PRINTED, Finds, parsed
from imagegate.model.image import Content

_INSTALLED = re.compile(r"(?:\A|/)specifications/(?:default/)?[^/]+\.gemspec\Z")
_CHECKOUT = re.compile(r"(?:\A|/)bundler/gems/[^/]+/(?:[^/]+/){0,2}[^/]+\.gemspec\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}\Z")
_STUB = re.compile(r"(?:#.*\n)?# stub: (\S+) (\S+) (\S+) ")
_SET = re.compile(
    r"""^[ \t]*\w+\.(name|version|platform)[ \t]*=[ \t]*(?:Gem::Version\.new[ \t]*\(?[ \t]*)?(["'])([^"'\n#\\]*)\2""",
    re.MULTILINE,
)


class Ruby:
    """See interface.FileCataloger."""

    name = "ruby"
    names = ()
    endings = (".gemspec",)
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return _INSTALLED.search(path) is not None or _CHECKOUT.search(path) is not None

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        parse = _checked_out if _CHECKOUT.search(path) else _specified
        return parsed(content, parse, "gem", names=_NAME, versions=PRINTED)


def _checked_out(text: str, finds: Finds) -> None:
    if _STUB.match(text):
        _specified(text, finds)
    else:
        finds.doubtful("a gem from a checkout, which Bundler has not described")


def _specified(text: str, finds: Finds) -> None:
    stub = _STUB.match(text)
    said: dict[str, str] = {}
    for key, _, value in _SET.findall(text):
        said.setdefault(key, value)
    name, version, platform = stub.groups() if stub else (said.get("name"), said.get("version"), said.get("platform"))
    if said.get("name", name) != name or said.get("version", version) != version:
        also = f"{said.get('name')} {said.get('version')}"
        finds.lost(f"contradicts itself: begins with {f'{name} {version}'!r}, goes on with {also!r}")
    finds.add(name, version, platform=None if platform == "ruby" else platform)
