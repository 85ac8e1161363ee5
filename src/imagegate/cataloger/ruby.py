"""Ruby gems: `specifications/*.gemspec`, those that come with Ruby, and checkouts that Bundler made.

Format: RubyGems, lib/rubygems/specification.rb (`to_ruby`) and stub_specification.rb: a line
`# stub: name version platform require_paths`, then the assignments as literals. No Ruby is run. Bundler writes the
same form into its checkouts of git repositories; the gemspecs of a project itself are programs and not looked at.
"""

import re

from imagegate.cataloger.documents import LONGEST, note, qualifiers, shown, text
from imagegate.cataloger.interface import Sightings
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
        found = Sightings()
        written = text(content, found, LONGEST)
        if written is None:
            return found
        stub = _STUB.match(written)
        if stub is None and _CHECKOUT.search(path):
            found.doubtful("a gem from a checkout, which Bundler has not described")
            return found
        said: dict[str, str] = {}
        for key, _, value in _SET.findall(written):
            said.setdefault(key, value)
        name, version, platform = stub.groups() if stub else (said.get("name"), said.get("version"), said.get("platform"))
        if said.get("name", name) != name or said.get("version", version) != version:
            also = shown(f"{said.get('name')} {said.get('version')}")
            found.unreadable(f"contradicts itself: begins with {shown(f'{name} {version}')}, goes on with {also}")
        note(found, "gem", _NAME, name, version, more=qualifiers(platform=None if platform == "ruby" else platform))
        return found
