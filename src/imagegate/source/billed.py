"""An image of which only a bill of materials is at hand: a file, or what is attached to it in its registry."""

import os
from typing import TYPE_CHECKING

from imagegate.errors import SourceError
from imagegate.model.image import Evidence, Image, Interest, Layer, OpenImage, Platform
from imagegate.model.inventory import Bill
from imagegate.source.archive import open_file
from imagegate.source.reference import Reference, remote
from imagegate.source.sbom import Listing, read_sbom, reading
from imagegate.source.tree import Tree
from imagegate.text import clean

if TYPE_CHECKING:
    from imagegate.source.registry import Access

REGISTRY = "registry:"


def open_file_bill(reference: Reference, distro: str, interest: Interest, platform: Platform | None = None) -> OpenImage:
    """Open `sbom:FILE`; raises SourceError, UsageError for a distribution that cannot be read.

    `platform` is one that was asked for: a document that tells another is evidence.
    """
    name = clean(reference.name, 300)
    if os.path.exists(reference.name) and not os.path.isfile(reference.name):
        raise SourceError(f"{name}: not a regular file", "Write the SBOM into a file first: folders and pipes cannot be read.")
    region = open_file(reference.name)
    if region.size > reading.LARGEST:  # before it is in memory
        raise SourceError(f"{name}: {region.size:,} bytes are too many for an SBOM", "Is it the right file?")
    listing = read_sbom(b"".join(region.chunks()), name, distro)
    return _opened(reference, listing, interest, _of_platform(listing.image.platform, platform))


def open_attached_bill(reference: Reference, access: "Access", platform: Platform, distro: str, interest: Interest) -> OpenImage:
    """Open `sbom:registry:NAME`: the SBOM that refers to the image in its registry; raises SourceError.

    Answers with evidence where the platform is missing, as for the image itself.
    """
    from imagegate.source import attached

    place = remote(reference.name.removeprefix(REGISTRY))
    found = attached.find(place, access, reference, platform, interest)
    if isinstance(found, OpenImage):
        return found
    target, document = found
    listing = read_sbom(document.data, document.what, distro)
    said = attached.held(listing, target, document)
    image = Image("", "", target.id, target.digest, target.platform)
    return _opened(reference, listing, interest, (*target.evidence, *document.evidence, *said), image)


def _opened(
    reference: Reference, listing: Listing, interest: Interest, more: tuple[Evidence, ...], known: Image | None = None
) -> OpenImage:
    """Return the image; what is `known` of it counts more than what the document says."""
    facts = listing.image
    layers = tuple(
        Layer(number, "", digest, 0, "" if digest else "the SBOM does not say which")
        for number, digest in enumerate(listing.layers)
    )
    identity = (known.id, known.digest, known.platform) if known else (facts.id, facts.digest or None, facts.platform)
    image = Image(clean(reference.text, 1000), "sbom", *identity, (), layers)
    said = f"nobody looked into the image: this is what {listing.made_by or 'an unknown tool'} says in {listing.format}"
    told = listing.distribution
    system = (told.id, told.version, told.codename, told.pretty_name) if told else None
    evidence = (*listing.evidence, Evidence("backend", "warn", clean(said, 300)), *more)
    return OpenImage(image, Tree([], interest), evidence, Bill(listing.packages, system))


def _of_platform(told: str, asked: Platform | None) -> tuple[Evidence, ...]:
    """Hold the platform that a document tells against the one that was asked for."""
    if asked is None or told.split("/")[:2] == [asked.os, asked.architecture]:
        return ()
    if told:
        return (Evidence("missing_platform", "fail", clean(f"no image for {asked}: the SBOM is of {told}", 300)),)
    return (Evidence("missing_platform", "warn", f"asked for was {asked}; the SBOM does not say of which platform it is"),)
