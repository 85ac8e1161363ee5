"""The layers of a document: those that it lists, and those that its packages name."""

from imagegate.source.sbom.listing import Place, Told
from imagegate.source.sbom.reading import digest

_MOST = 256  # as source.limits.LAYERS


class Layers:
    """Gives every place the index of its layer; what has none is put behind all that are known."""

    def __init__(self, told: Told) -> None:
        self.digests: list[str] = [digest(one) for one in told.layers[:_MOST]]
        self._index = {one: index for index, one in enumerate(self.digests) if one}
        self._behind = False
        for part in told.parts:
            for place in part.places:
                self._see(place)

    def _see(self, place: Place) -> None:
        name = digest(place.layer)
        if place.number is not None and 0 <= place.number < _MOST:
            self.digests += [""] * (place.number + 1 - len(self.digests))
            if name and not self.digests[place.number]:
                self.digests[place.number] = name
                self._index.setdefault(name, place.number)
        elif name and name not in self._index and len(self.digests) < _MOST:
            self._index[name] = len(self.digests)
            self.digests.append(name)

    def of(self, place: Place) -> int:
        """Return the index of the place's layer."""
        if place.number is not None and 0 <= place.number < _MOST:
            return place.number
        found = self._index.get(digest(place.layer))
        self._behind |= found is None
        return len(self.digests) if found is None else found

    def all(self) -> tuple[str, ...]:
        """Return the digests, "" for a layer without one; there is one for every index that `of` returned."""
        return (*self.digests, "") if self._behind or not self.digests else tuple(self.digests)
