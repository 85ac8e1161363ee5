"""Lock files: what should be installed, as the package managers wrote it down. They count where nothing installed says more.

What a lock marks as being for development only is left out, and counted: production images are installed without it.
Entries that name a folder of the application are the application itself. Not read: `pom.xml`, whose versions are decided by
files that are not there; `go.sum`, which also lists what is not used; binary locks (`bun.lockb`).
"""

import importlib
import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Parse, parsed
from imagegate.model.image import Content

# File name: purl type, module of this folder, and the function in it.
_FORMATS = {
    "package-lock.json": ("npm", "javascript", "npm"),
    "npm-shrinkwrap.json": ("npm", "javascript", "npm"),
    "yarn.lock": ("npm", "javascript", "yarn"),
    "pnpm-lock.yaml": ("npm", "javascript", "pnpm"),
    "bun.lock": ("npm", "javascript", "bun"),
    "Pipfile.lock": ("pypi", "python", "pipfile"),
    "poetry.lock": ("pypi", "python", "grouped"),
    "pdm.lock": ("pypi", "python", "grouped"),
    "uv.lock": ("pypi", "python", "grouped"),
    "pylock.toml": ("pypi", "python", "grouped"),
    "requirements.txt": ("pypi", "python", "requirements"),
    "Gemfile.lock": ("gem", "ruby", "gemfile"),
    "gems.locked": ("gem", "ruby", "gemfile"),
    "composer.lock": ("composer", "php", "composer"),
    "Cargo.lock": ("cargo", "native", "cargo"),
    "go.mod": ("golang", "native", "go"),
    "conan.lock": ("conan", "native", "conan"),
    "Package.resolved": ("swift", "native", "swift"),
    "packages.lock.json": ("nuget", "managed", "nuget"),
    "gradle.lockfile": ("maven", "managed", "gradle"),
    "mix.lock": ("hex", "beam", "mix"),
    "rebar.lock": ("hex", "beam", "rebar"),
    "pubspec.lock": ("pub", "dart", "pubspec"),
    "renv.lock": ("cran", "r", "renv"),
    "stack.yaml.lock": ("hackage", "haskell", "stack"),
    "cabal.project.freeze": ("hackage", "haskell", "freeze"),
    "plan.json": ("hackage", "haskell", "plan"),
}
# Folders whose locks are those of dependencies, of package managers' caches, of examples, or of tests.
_FOREIGN = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|site-packages|dist-packages|gems|deps|_build|Pods|checkouts|renv/library"
    r"|\.?fixtures|__fixtures__|test-fixtures|testdata|__tests__|usr/share|usr/lib/(?:go|R|ruby|rustlib|python[0-9.]*)[^/]*"
    r"|usr/local/go|pkg/mod|\.git|\.npm|\.yarn|\.cargo|cargo/registry|\.rustup|\.m2|\.gradle|\.pub-cache|\.cache"
    r"|\.stack|\.stack-work|\.cabal|\.nuget|\.conan2?|proc|sys|var/cache|var/lib/(?:docker|containers))/"
)


class Locks:
    """See interface.FileCataloger."""

    name = "locks"
    names = tuple(_FORMATS)
    endings: tuple[str, ...] = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        name = path[path.rfind("/") + 1 :]
        if name == "plan.json" and not path.endswith("/cache/plan.json"):  # that of cabal: `dist-newstyle/cache/plan.json`
            return False
        return name in _FORMATS and _FOREIGN.search(path) is None

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        kind, module, function = _FORMATS[path[path.rfind("/") + 1 :]]
        parse: Parse = getattr(importlib.import_module(f"{__name__}.{module}"), function)
        return parsed(content, parse, kind, "locked")
