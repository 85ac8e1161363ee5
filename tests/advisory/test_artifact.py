"""A store in a real registry: pushed, found by tag and digest, told from everything else."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from imagegate.advisory.share import Arrival, arrival_of, export, import_file, import_parcel
from imagegate.advisory.store import Store
from imagegate.cli.stores import kind
from imagegate.errors import ImageGateError, SourceError, StoreError, UsageError
from imagegate.source import artifact
from imagegate.source.artifact import Artifact, place_of
from imagegate.source.registry import Access
from tests.advisories import build_store, record
from tests.ci.tools import passes, require
from tests.real.test_registry import USER, Registry, encrypted, guarded, image, plain  # noqa: F401 - fixtures

NOTES = {"org.opencontainers.image.created": "2026-11-22T00:00:00Z", "io.github.imagegate.store.records": "1"}


def quiet(*_: object) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_store(tmp_path_factory.mktemp("s") / "s.db", {"Debian": [record("CVE-2020-1", "Debian:11", "bash", "5")]})


@pytest.fixture(scope="module")
def packed(store: Path) -> Path:
    target = store.parent / "advisories.zst"
    export(str(store), str(target))
    return target


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGISTRY_STORAGE_MAINTENANCE_READONLY", "{enabled: true}")
        registry = Registry(tmp_path_factory.mktemp("readonly"))
    yield registry
    registry.stop()


def push(address: str, file: Path, env: Mapping[str, str] = {}) -> str:
    return artifact.push(place_of(address), Access(env), str(file), kind(), NOTES)


def find(address: str, env: Mapping[str, str] = {}) -> Artifact:
    return artifact.find(place_of(address), Access(env), kind())


def fails(work: str, address: str, file: Path | None = None, env: Mapping[str, str] = {}) -> str:
    with pytest.raises(ImageGateError) as caught:
        find(address, env) if file is None else push(address, file, env)
    assert isinstance(caught.value, SourceError if work == "source" else UsageError)
    assert caught.value.hint
    return f"{caught.value.message} | {caught.value.hint}"


def test_what_is_pushed_is_found_by_tag_and_by_digest_and_is_the_same_file(
    plain: Registry,  # noqa: F811
    packed: Path,
    tmp_path: Path,
) -> None:
    digest = push(f"oci://{plain.host}/team/store:1", packed)
    assert push(f"oci://{plain.host}/team/store:1", packed) == digest
    for name in (":1", f"@{digest}", f":1@{digest}"):
        found = find(f"oci://{plain.host}/team/store{name}")
        assert (found.digest, found.size, found.annotations) == (digest, packed.stat().st_size, NOTES)
        found.save(str(tmp_path / "file"), quiet)
        assert (tmp_path / "file").read_bytes() == packed.read_bytes()
    push(f"oci://{plain.host}/team/store", packed)
    assert find(f"oci://{plain.host}/team/store:latest").digest == digest


def test_the_store_arrives_and_remembers_where_it_came_from(plain: Registry, packed: Path, tmp_path: Path) -> None:  # noqa: F811
    digest = push(f"oci://{plain.host}/team/arrives:1", packed)
    found, path = find(f"oci://{plain.host}/team/arrives:1"), str(tmp_path / "new" / "s.db")
    assert import_parcel(found, path, quiet, quiet)
    store = Store(path)
    assert store.origin == "import"
    assert store.candidates("Debian:11", "bash")
    store.close()
    assert arrival_of(path) == Arrival("import", f"oci://{plain.host}/team/arrives:1", digest)
    assert sorted(item.name for item in (tmp_path / "new").iterdir()) == ["s.db", "s.db.lock"]


def test_the_same_artifact_is_not_pulled_twice_but_again_after_another_store_took_its_place(
    plain: Registry,  # noqa: F811
    packed: Path,
    tmp_path: Path,
) -> None:
    push(f"oci://{plain.host}/team/twice:1", packed)
    found, path = find(f"oci://{plain.host}/team/twice:1"), str(tmp_path / "s.db")
    assert import_parcel(found, path, quiet, quiet)
    before = (tmp_path / "s.db").stat()
    assert not import_parcel(found, path, quiet, quiet)
    assert (tmp_path / "s.db").stat() == before
    import_file(str(packed), path, "", quiet, quiet)
    assert arrival_of(path) == Arrival("import", str(packed), "")
    assert import_parcel(found, path, quiet, quiet)
    (tmp_path / "s.db").write_bytes((tmp_path / "s.db").read_bytes()[:-1])
    assert import_parcel(found, path, quiet, quiet)


def test_a_damaged_blob_never_becomes_a_store(packed: Path, tmp_path: Path) -> None:
    """The registry's own file is changed, cut short, made longer and emptied."""
    (tmp_path / "registry").mkdir()
    registry, target = Registry(tmp_path / "registry"), tmp_path / "s.db"
    try:
        push(f"oci://{registry.host}/team/damaged:1", packed)
        found = find(f"oci://{registry.host}/team/damaged:1")
        import_file(str(packed), str(target), "", quiet, quiet)
        before = target.read_bytes()
        [blob] = [path for path in (tmp_path / "registry").rglob("data") if path.is_file() and path.stat().st_size == found.size]
        whole = blob.read_bytes()
        for damaged in (whole[:-1] + b"\1", whole[:-1], whole + b"x", b""):
            blob.write_bytes(damaged)
            with pytest.raises(SourceError, match=r"is not what its digest says|more than 1,\d\d\d bytes"):
                import_parcel(find(found.name), str(target), quiet, quiet)
            assert target.read_bytes() == before
            assert sorted(path.name for path in tmp_path.iterdir()) == ["registry", "s.db", "s.db.lock"]
    finally:
        registry.stop()


def test_an_image_an_index_and_other_artifacts_are_refused(plain: Registry, image: Path, packed: Path) -> None:  # noqa: F811
    plain.push(image, "team/app:1")
    said = fails("source", f"oci://{plain.host}/team/app:1")
    assert "not an advisory store, but an image" in said
    assert "application/vnd.imagegate.store.v1" in said
    place = place_of(f"oci://{plain.host}/team/odd:1")
    for other, message in (
        (artifact.Kind("x", "application/vnd.example.v1", kind().layer, "x"), "of the type 'application/vnd.example.v1'"),
        (
            artifact.Kind("x", kind().artifact, "application/vnd.imagegate.store.v2+zstd", "x"),
            "not an advisory store of this version",
        ),
    ):
        artifact.push(place, Access({}), str(packed), other, {})
        assert message in fails("source", f"oci://{plain.host}/team/odd:1")


def test_what_is_not_there_is_told(plain: Registry, packed: Path) -> None:  # noqa: F811
    push(f"oci://{plain.host}/team/there:1", packed)
    for name in ("team/there:2", "team/none:1", f"team/there@sha256:{'0' * 64}"):
        assert "the registry has no such artifact" in fails("source", f"oci://{plain.host}/{name}")
    assert "nothing listens there" in fails("source", "oci://127.0.0.1:9/team/store")


def test_a_registry_with_passwords_wants_the_right_one_to_push_and_to_pull(guarded: Registry, packed: Path) -> None:  # noqa: F811
    name = f"oci://{guarded.host}/team/store:1"
    digest = push(name, packed, USER)
    assert find(name, USER).digest == digest
    wrong = USER | {"IMAGEGATE_REGISTRY_PASSWORD": "wr0ng"}
    for said in (fails("source", name, packed, wrong), fails("source", name, None, wrong)):
        assert "it needs other credentials" in said
        assert "wr0ng" not in said
    assert "no credentials found" in fails("source", name, packed)


def test_a_certificate_is_believed_only_with_its_authority(encrypted: Registry, packed: Path) -> None:  # noqa: F811
    name = f"oci://{encrypted.host}/team/store:1"
    digest = push(name, packed, {"REQUESTS_CA_BUNDLE": encrypted.ca})
    assert find(name, {"REQUESTS_CA_BUNDLE": encrypted.ca}).digest == digest
    assert "its certificate is not trusted" in fails("source", name, packed)


def test_a_read_only_registry_is_named_as_such(read_only: Registry, packed: Path) -> None:
    assert "takes no pushes (405)" in fails("source", f"oci://{read_only.host}/team/store:1", packed)


def test_other_tools_take_the_artifact_for_what_it_is(plain: Registry, packed: Path, tmp_path: Path) -> None:  # noqa: F811
    digest = push(f"oci://{plain.host}/team/tools:1", packed)
    skopeo = (require("skopeo"), "--insecure-policy")
    source, copy = f"docker://{plain.host}/team/tools:1", f"docker://{plain.host}/mirror/tools:2"
    manifest = json.loads(passes(*skopeo, "inspect", "--raw", "--tls-verify=false", source))
    assert manifest["artifactType"] == "application/vnd.imagegate.store.v1"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    passes(*skopeo, "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", source, copy)
    assert find(f"oci://{plain.host}/mirror/tools:2").digest == digest
    passes(*skopeo, "copy", "--quiet", "--src-tls-verify=false", source, f"oci:{tmp_path}/layout:1")
    layer = manifest["layers"][0]["digest"].removeprefix("sha256:")
    assert (tmp_path / "layout" / "blobs" / "sha256" / layer).read_bytes() == packed.read_bytes()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("oci://team/store", "names no registry"),
        ("oci://store", "names no registry"),
        ("oci://", "not a name"),
        ("oci://h:5000/Team/store", "not a name"),
        ("oci://h:5000/store:", "not a name"),
        ("oci://h:5000/store@sha256:12", "not a name"),
        ("oci://me:s3cret@h:5000/store:1", "has a user name in it"),
        ("oci://me:s3/cret@h:5000/store:1", "has a user name in it"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_and_a_password_in_it_not_shown(address: str, message: str) -> None:
    said = fails("usage", address)
    assert message in said
    assert "s3" not in said


def test_a_push_to_a_digest_and_of_a_broken_store_are_refused(store: Path, packed: Path, tmp_path: Path) -> None:
    assert "needs a tag" in fails("usage", f"oci://127.0.0.1:9/store@sha256:{'0' * 64}", packed)
    (tmp_path / "cut.db").write_bytes(store.read_bytes()[:-10])
    with pytest.raises(StoreError):
        export(str(tmp_path / "cut.db"), str(tmp_path / "x"))
