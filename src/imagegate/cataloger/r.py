"""Installed R packages, from their `DESCRIPTION`.

Format: "Writing R Extensions", The DESCRIPTION file; an installed package has the field `Built`, and R takes no other.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import Finds, parsed
from imagegate.model.image import Content

_FIELD = re.compile(r"([A-Za-z][\w@/.-]*)[ \t]*:[ \t]*(.*)")


class R:
    """See interface.FileCataloger."""

    name = "r"
    names = ("DESCRIPTION",)
    endings: tuple[str, ...] = ()
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return path.endswith("/DESCRIPTION")

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        library = path.split("/")[-3:-2] in (["library"], ["site-library"])

        def parse(text: str, finds: Finds) -> None:
            fields = {match[1]: match[2].strip() for line in text.split("\n") if (match := _FIELD.match(line))}
            if fields.get("Priority") == "base":
                return  # R itself, which is in no repository
            if "Built" not in fields:  # the sources of a package, or no package at all
                if library and not fields.get("Package"):
                    finds.lost("the description of an R package that cannot be read")
                elif library:
                    finds.doubtful("not an installed package: it was never built")
            else:
                bioconductor = "biocViews" in fields and fields.get("Repository") != "CRAN"
                finds.add(fields.get("Package"), fields.get("Version"), kind="bioconductor" if bioconductor else "cran")

        return parsed(content, parse, "cran")
