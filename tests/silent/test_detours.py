"""Packages that are only reached on a detour count, and those that are gone do not: links, whiteouts, second names."""

from collections.abc import Callable

import pytest

from tests.images import Entry, Image, archive, file, folder, hardlink, layer, opaque, symlink, whiteout
from tests.silent.judging import BAD, Gate, Layers
from tests.silent.test_languages import NPM, SYSTEM, package_json, plain

OTHER = '{"name": "@x/y", "version": "1.0.0"}'
PNPM = "app/node_modules/.pnpm/lodash@1/node_modules/lodash"
DETOURS: dict[str, Callable[[str], Layers]] = {
    "a hard link to a store, as pnpm makes": lambda version: [
        [file("root/.store/ab/cdef", package_json(version)), hardlink(NPM, "root/.store/ab/cdef")]
    ],
    "a hard link to a store of a lower layer": lambda version: [
        [file("root/.store/ab/cdef", package_json(version))],
        [hardlink(NPM, "root/.store/ab/cdef")],
    ],
    "two hard links, the store removed": lambda version: [
        [file("root/.store/ab", package_json(version)), hardlink(NPM, "root/.store/ab")],
        [whiteout("root")],
    ],
    "a link to the folder": lambda version: [
        [file("opt/lodash/package.json", package_json(version)), symlink("app/node_modules/lodash", "/opt/lodash")]
    ],
    "a link to the file": lambda version: [[file("opt/it", package_json(version)), symlink(NPM, "../../../opt/it")]],
    "a link to a folder of packages": lambda version: [
        [
            file("opt/m/@x/y/package.json", OTHER),
            file("opt/m/lodash/package.json", package_json(version)),
            symlink("app/node_modules", "/opt/m"),
        ]
    ],
    "a link to a scope, as workspaces have": lambda version: [
        [file("packages/y/package.json", package_json(version)), symlink("node_modules/@x/y", "../../packages/y")]
    ],
    "a link to a folder of specifications": lambda version: [
        [
            file("opt/s/rack.gemspec", f"# stub: rack {plain(version)} ruby lib\n"),
            symlink("usr/lib/ruby/gems/3.1.0/specifications", "/opt/s"),
        ]
    ],
    "a link to a folder in a circle": lambda version: [
        [
            file("opt/m/lodash/package.json", package_json(version)),
            symlink("app/node_modules", "/opt/m"),
            symlink("opt/m/node_modules", "../m"),
            symlink("opt/m/again", "."),
        ]
    ],
    "a link in another layer": lambda version: [[file("opt/it", package_json(version))], [symlink(NPM, "/opt/it")]],
    "a link before its target": lambda version: [[symlink(NPM, "/opt/it")], [file("opt/it", package_json(version))]],
    "folders as pnpm makes": lambda version: [
        [
            file(PNPM + "/package.json", package_json(version)),
            symlink("app/node_modules/lodash", PNPM.removeprefix("app/node_modules/")),
        ]
    ],
    "a folder that became a link": lambda version: [
        {NPM: package_json("2.0.0")},
        [
            file("opt/m/lodash/package.json", package_json(version)),
            whiteout("app/node_modules"),
            symlink("app/node_modules", "/opt/m"),
        ],
    ],
    "written through a link": lambda version: [
        [file("srv/node_modules/x", ""), symlink("app", "srv")],
        [file(NPM, package_json(version))],
    ],
    "replaced in an upper layer": lambda version: [{NPM: package_json(BAD)}, {NPM: package_json(version)}],
    "replaced twice": lambda version: [{NPM: package_json("2.0.0")}, {NPM: package_json(BAD)}, {NPM: package_json(version)}],
    "deleted and back": lambda version: [{NPM: package_json(BAD)}, [whiteout("app")], {NPM: package_json(version)}],
    "two entries of one name": lambda version: [[file(NPM, package_json(BAD)), file(NPM, package_json(version))]],
    "a hard link, then its first name replaced": lambda version: [
        [file("x/f", package_json(version)), hardlink(NPM, "x/f"), file("x/f", "other")]
    ],
}


@pytest.mark.parametrize("name", DETOURS)
@pytest.mark.parametrize("form", ["archive", "gzip", "stream"])
def test_a_package_on_a_detour_is_found(gated: Gate, name: str, form: str) -> None:
    made = DETOURS[name]
    for version, expected in ((BAD, 10), ("2.0.0", 0)):
        image = Image([layer(SYSTEM), *(layer(one) for one in made(version))])
        if form == "archive":
            reference = str(image.docker_archive(gated.folder / f"{version}.tar"))
        elif form == "gzip":
            reference = f"oci:{image.oci(gated.folder / version, 'gzip')}"
        else:
            reference = str(archive(gated.folder / f"{version}.tar.gz", image.engine_members(), "gzip"))
        (found,) = gated.judge(reference)
        assert found.exit_code == expected


@pytest.mark.parametrize(
    "gone",
    [[whiteout(NPM)], [whiteout("app")], [folder("app"), opaque("app")], [file("app", "x")], [symlink("app/node_modules", "/x")]],
)
def test_what_is_gone_from_the_image_does_not_count(gated: Gate, gone: list[Entry]) -> None:
    gated.passes([SYSTEM, {NPM: package_json(BAD)}, gone])


def test_the_folder_that_a_link_hides_still_counts_below_its_own_name(gated: Gate) -> None:
    gated.differ(lambda version: [SYSTEM, {"srv/" + NPM: package_json(version)}, [symlink("app", "srv/app")]])
