"""What is kept out of training: excluded projects under any registry's name, vendored code, copies, licences."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from indexer.errors import InputError
from indexer.training.archives import read_sources
from indexer.training.exclusions import check_name, has_excluded_notice, is_excluded_path, load_exclusions
from indexer.training.licences import PERMISSIVE, has_other_licence
from indexer.training.packages import load_packages
from indexer.training.records import Package

REFUSED = """
pandas Django httpx flask-login scrapy_redis gson golang-github-gin-gonic-gin-dev golang-github-spf13-cobra
golang-github-gorilla-mux golang-github-go-chi-chi librust-serde-dev rust-serde-json librust-regex-automata-dev
librust-hyper-dev librust-tokio-util-dev librust-axum-core-dev node-express express @trpc/server @nestjs/core
@vue/reactivity @reduxjs/toolkit react react-dom zod ruby-rack ruby-sinatra rake ruby-activesupport libfmt-dev
fmtlib libspdlog-dev libuv1 libabsl-dev googletest nlohmann-json3-dev sqlite3 libgoogle-gson-java libguava-java
libspring-java libcommons-lang3-java libokhttp-java junit5 php-monolog php-symfony-console php-guzzlehttp-psr7
composer haskell-aeson libghc-async-dev haskell-yesod pandoc shellcheck bats scala-cats elixir-lang kotlin
kotlinx-coroutines neovim newtonsoft-json
"""
ALLOWED = """
werkzeug scikit-learn golang-github-miekg-dns-dev librust-image-dev expo-camera react-native-svg rxjs jsoup
libevent leveldb ruby-faraday php-twig lua-penlight haskell-megaparsec @tanstack/query-core commander
"""


@pytest.mark.parametrize("name", REFUSED.split())
def test_excluded_name_is_refused(name: str) -> None:
    """A package that is, or is named after, an excluded project cannot be mined, in whatever registry."""
    with pytest.raises(InputError, match="exclusion list"):
        check_name(name)


@pytest.mark.parametrize("name", ALLOWED.split())
def test_other_name_is_allowed(name: str) -> None:
    """The net does not take what it should not."""
    check_name(name)


def test_exclusions_are_complete() -> None:
    """The list that ships with the recipe holds every repository, comments aside."""
    exclusions = load_exclusions()
    assert len(exclusions) == 127
    assert {"pandas-dev/pandas", "psf/requests", "zigtools/zls"} <= set(exclusions)


@pytest.mark.parametrize(
    "path",
    [
        *("pip/_vendor/x.py", "a/extern/six.py", "b/requests/api.py", "c/numpy.py", "src/3rdparty/x.c", "deps/y.js"),
        *("test/catch.hpp", "include/nlohmann/json.hpp", "src/sqlite3.c", "lib/gtest/gtest.h", "js/lodash.js"),
    ],
)
def test_vendored_path_is_excluded(path: str) -> None:
    """Folders of other people's code, and files named after an excluded project, are never read."""
    assert is_excluded_path(path)


def test_own_path_is_not_excluded() -> None:
    """A package's own module is read."""
    assert not is_excluded_path("luigi/contrib/scheduler.py")


def test_notice_of_a_copy_is_seen() -> None:
    """A file that says that it was copied from an excluded project, or whose it is, is dropped."""
    assert has_excluded_notice("# This was copied from the Django project")
    assert has_excluded_notice("/* Copyright 2019 Square, Inc. */")
    assert not has_excluded_notice("# Works with numpy arrays")


def test_file_under_another_licence_is_seen() -> None:
    """A file under a copyleft licence inside a permissive package is dropped."""
    assert has_other_licence("/* Distributed under the GNU Lesser General Public License. */")
    assert not has_other_licence("/* Distributed under the MIT License. */")


def test_pinned_packages_are_allowed_and_permissive() -> None:
    """Every mined package passes the exclusions, has a permissive licence and a sha256."""
    packages = load_packages()
    assert all(package.licence in PERMISSIVE and len(package.sha256) == 64 for package in packages)
    assert {package.split for package in packages} == {"train", "tune", "test"}


def test_a_package_is_in_one_split_only() -> None:
    """No package is both trained on and measured on, under whatever version or registry."""
    splits: dict[str, set[str]] = {}
    for package in load_packages():
        splits.setdefault(package.name, set()).add(package.split)
    assert all(len(found) == 1 for found in splits.values())


def test_archive_is_read_without_tests_and_copies(tmp_path: Path) -> None:
    """Of a tarball only the project's own sources are read, by their path below the one folder in it."""
    archive = tmp_path / "garden-1.0.tgz"
    files = {
        "package/src/gate.ts": "export const gate = 1;\n",
        "package/dist/gate.js": "const gate = 1;\n",
        "package/test/gate.ts": "test();\n",
        "package/src/gate.d.ts": "declare const gate: number;\n",
        "package/vendor/lodash.js": "const x = 1;\n",
        "package/src/hinge.ts": "// GNU General Public License\nconst h = 1;\n",
        "package/src/picture.png": "PNG",
    }
    with tarfile.open(archive, "w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    package = Package("garden", "1.0", "0" * 64, "MIT", "train", "npm")
    assert [source.path for source in read_sources(package, archive)] == ["src/gate.ts"]
