"""Links, whiteouts and opaque folders take effect as in the running container."""

from pathlib import Path

import pytest

from tests.images import file, folder, hardlink, layer, opaque, symlink, whiteout
from tests.source.opened import content, seen

STATUS = "var/lib/dpkg/status"


def test_a_whiteout_hides_what_lies_below_it(tmp_path: Path) -> None:
    layers = [layer({"a/b": "1", "a/c": "1"}), layer([whiteout("a/b")]), layer({"a/b": "2"}), layer([whiteout("a")])]
    files = seen(tmp_path, layers)
    assert [content(files, "a/b", upto) for upto in range(4)] == [b"1", None, b"2", None]
    assert content(files, "a/c", 2) == b"1"
    assert not files.exists("a/c", 3)


def test_a_whiteout_does_not_hide_what_its_own_layer_brings(tmp_path: Path) -> None:
    for entries in ([whiteout("a"), file("a/b", "2")], [file("a/b", "2"), whiteout("a")]):
        files = seen(tmp_path, [layer({"a/b": "1", "a/c": "1"}), layer(entries)])
        assert content(files, "a/b") == b"2"
        assert content(files, "a/c") is None


def test_an_opaque_folder_hides_all_that_was_in_it(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer({"a/b/c": "1", "a/d": "1"}), layer([folder("a"), opaque("a"), file("a/e", "2")])])
    assert content(files, "a/b/c") is None
    assert content(files, "a/d") is None
    assert content(files, "a/e") == b"2"
    assert list(files.children("a", 1)) == ["a/e"]
    assert list(files.children("a", 0)) == ["a/b", "a/d"]


def test_an_opaque_marker_alone_does_not_replace_a_file(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer({"a": "1", "b/c": "1"}), layer([opaque("a"), opaque("b")]), layer({"b/d": "2"})])
    assert content(files, "a") == b"1"
    assert [files.exists("b/c", upto) for upto in range(3)] == [True, False, False]
    assert list(files.children("b", 2)) == ["b/d"]
    files = seen(tmp_path, [layer({"a": "1"}), layer([opaque("a"), file("a/b", "2")])])
    assert content(files, "a") is None
    assert content(files, "a/b") == b"2"


def test_an_opaque_root_hides_everything(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer({"a/b": "1", "c": "1"}), layer([file(".wh..wh..opq"), file("d", "2")])])
    assert [content(files, path) for path in ("a/b", "c", "d")] == [None, None, b"2"]
    assert list(files.children("", 1)) == ["d"]


def test_a_file_in_place_of_a_folder_hides_its_content_and_back(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer({"a/b": "1"}), layer({"a": "2"}), layer([folder("a"), file("a/c", "3")])])
    assert [content(files, "a/b", upto) for upto in range(3)] == [b"1", None, None]
    assert [content(files, "a", upto) for upto in range(3)] == [None, b"2", None]
    assert content(files, "a/c") == b"3"


def test_of_two_entries_with_one_name_the_last_counts(tmp_path: Path) -> None:
    assert content(seen(tmp_path, [layer([file("a", "1"), file("a", "2")])]), "a") == b"2"
    files = seen(tmp_path, [layer([file("a/b", "1"), file("a", "2"), folder("a")])])
    assert content(files, "a/b") is None


@pytest.mark.parametrize(
    "entries",
    [
        [symlink("var/lib/dpkg", "../real"), file("var/real/status", "1")],
        [symlink("var/lib/dpkg", "/opt/dpkg"), file("opt/dpkg/status", "1")],
        [symlink("var/lib", "../usr/lib"), file("usr/lib/dpkg/status", "1")],
        [symlink("var/lib", "/usr/lib"), symlink("usr/lib/dpkg", "../../x"), file("x/status", "1")],
        [symlink("var/lib/dpkg/status", "../../../x"), file("x", "1")],
        [symlink("var/lib/dpkg/status", "/../../../x"), file("x", "1")],
        [symlink("var/lib/dpkg/status", "./.././dpkg//other"), file("var/lib/dpkg/other", "1")],
        [file("x", "1"), hardlink("var/lib/dpkg/status", "x")],
        [file("x", "1"), hardlink("var/lib/dpkg/status", "./x")],
        [symlink("a/link", "target"), hardlink("var/lib/dpkg/status", "a/link"), file("var/lib/dpkg/target", "1")],
    ],
)
def test_links_are_followed_in_one_layer_and_across_layers(tmp_path: Path, entries: list) -> None:  # type: ignore[type-arg]
    assert content(seen(tmp_path, [layer(entries)]), STATUS) == b"1"
    assert content(seen(tmp_path, [layer([entry]) for entry in entries]), STATUS) == b"1"
    if not any(entry.kind == b"1" for entry in entries):
        assert content(seen(tmp_path, [layer([entry]) for entry in reversed(entries)]), STATUS) == b"1"


@pytest.mark.parametrize(
    "entries",
    [
        [symlink("var/lib/dpkg", "dpkg")],
        [symlink("var/lib/dpkg", "../lib/x"), symlink("var/lib/x", "/var/lib/dpkg")],
        [symlink("var", "/var/lib")],
        [hardlink(STATUS, STATUS)],
        [hardlink(STATUS, "x"), hardlink("x", STATUS)],
        [symlink(STATUS, "/nowhere")],
        [file("x"), symlink("var/lib/dpkg", "/x")],
        [symlink("0", "/x"), *(symlink(str(n), str(n - 1)) for n in range(1, 60)), symlink(STATUS, "/59"), file("x", "1")],
    ],
)
def test_a_link_that_leads_nowhere_or_in_circles_gives_nothing(tmp_path: Path, entries: list) -> None:  # type: ignore[type-arg]
    files = seen(tmp_path, [layer(entries)])
    assert content(files, STATUS) is None
    assert list(files.children(STATUS, 0)) == []


def test_a_hard_link_names_what_was_there_when_it_was_made(tmp_path: Path) -> None:
    layers = [layer({"a": "old"}), layer([hardlink("b", "a")]), layer({"a": "new"}), layer([whiteout("a")])]
    files = seen(tmp_path, layers)
    assert [content(files, "b", upto) for upto in range(4)] == [None, b"old", b"old", b"old"]
    files = seen(tmp_path, [layer([file("a", "old"), hardlink("b", "a"), file("a", "new")])])
    assert content(files, "b") == b"old"
    files = seen(tmp_path, [layer({"a": "old"}), layer([hardlink("b", "a"), file("a", "new")])])
    assert content(files, "b") == b"old"


def test_a_hard_link_may_lead_through_links(tmp_path: Path) -> None:
    through = [symlink("lib", "usr/lib"), hardlink("y", "lib/x")]
    assert content(seen(tmp_path, [layer([file("usr/lib/x", "1"), *through])]), "y") == b"1"
    assert content(seen(tmp_path, [layer([file("usr/lib/x", "1")]), layer(through)]), "y") == b"1"
    assert content(seen(tmp_path, [layer([file("usr/lib/x", "1"), through[0]]), layer(through[1:])]), "y") == b"1"
    moved = [hardlink("b/c", "c"), folder("c")]
    files = seen(tmp_path, [layer([file("a", "1"), symlink("c", "/a")]), layer(moved), layer([hardlink("c", "b/c")])])
    assert content(files, "c") == b"1"


def test_a_file_that_becomes_a_folder_in_one_layer_hides_what_was_below(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer({"a/b": "1"}), layer([file("a", "2"), folder("a"), file("a/c", "2")])])
    assert content(files, "a/b") is None
    assert content(files, "a/c") == b"2"


def test_a_folder_made_anew_knows_nothing_of_an_old_link_in_it(tmp_path: Path) -> None:
    first = layer([file("a", "1"), symlink("c/a", "/a"), symlink("lib", "usr/lib")])
    files = seen(tmp_path, [first, layer([whiteout("c")]), layer([opaque("c/a"), file("lib/x", "2")])])
    assert content(files, "a") == b"1"
    assert list(files.children("c", 2)) == ["c/a"]


def test_a_chain_of_hard_links_through_all_layers_is_followed(tmp_path: Path) -> None:
    layers = [layer({"0": "end"}), *(layer([hardlink(str(n), str(n - 1))]) for n in range(1, 250))]
    assert content(seen(tmp_path, layers), "249") == b"end"


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_a_layer_that_writes_through_a_linked_folder_changes_the_file_behind_it(tmp_path: Path, path: str) -> None:
    first = layer([folder("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/apk/db/installed", "old")])
    files = seen(tmp_path, [first, layer({"lib/apk/db/installed": "new"})])
    assert [content(files, path, upto) for upto in range(2)] == [b"old", b"new"]
    assert list(files.children("lib/apk", 1)) == ["usr/lib/apk/db"]
    files = seen(tmp_path, [first, layer([whiteout("lib/apk/db/installed")])])
    assert content(files, path) is None
    files = seen(tmp_path, [first, layer([opaque("lib/apk")])])
    assert content(files, path) is None


def test_a_layer_that_writes_through_its_own_link_changes_the_file_behind_it(tmp_path: Path) -> None:
    entries = [file("usr/lib/x", "old"), symlink("lib", "usr/lib"), file("lib/x", "new")]
    files = seen(tmp_path, [layer(entries)])
    assert content(files, "usr/lib/x") == content(files, "lib/x") == b"new"
    files = seen(tmp_path, [layer([symlink("lib", "usr/lib"), file("lib/x", "new")])])
    assert content(files, "usr/lib/x") == content(files, "lib/x") == b"new"


def test_a_folder_that_is_named_replaces_a_link(tmp_path: Path) -> None:
    first = layer([symlink("lib", "usr/lib"), file("usr/lib/x", "old")])
    files = seen(tmp_path, [first, layer([folder("lib"), file("lib/y", "new")])])
    assert content(files, "lib/x") is None
    assert content(files, "lib/y") == b"new"
    assert content(files, "usr/lib/x") == b"old"
    assert content(files, "usr/lib/y") is None


def test_a_dangling_link_is_there_and_listed(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer([symlink("a/b", "nowhere"), file("a/c/d")])])
    assert files.exists("a/b", 0)
    assert list(files.children("a", 0)) == ["a/b", "a/c"]
    assert files.find("a/b", 0) is None


def test_a_whiteout_of_a_link_leaves_what_it_pointed_to(tmp_path: Path) -> None:
    files = seen(tmp_path, [layer([symlink("lib", "usr/lib"), file("usr/lib/x", "1")]), layer([whiteout("lib")])])
    assert content(files, "lib/x") is None
    assert content(files, "usr/lib/x") == b"1"


def test_aufs_keeps_its_own_files_under_names_like_whiteouts(tmp_path: Path) -> None:
    first = layer([file(".wh..wh.plnk/12.34", "1"), hardlink("a", ".wh..wh.plnk/12.34"), file(".wh..wh.aufs")])
    assert content(seen(tmp_path, [first]), "a") == b"1"
