"""What the tests of indexer, assistant and commands share: git repositories, a home, builds, and the command itself."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from indexer.gitcommand import LEADING_ASTRAY

ROOT = Path(__file__).resolve().parents[1]
GIT_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "A Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.org",
    "GIT_COMMITTER_NAME": "A Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def pytest_configure() -> None:
    """What a developer has set for the service, and what git sets for a hook, is not for the tests.

    Not taken away is where the model for the tests lies, and HF_ENDPOINT: it may be the only way to that model.
    """
    for name in list(os.environ):
        is_setting = name.startswith("QUARRY_") and name != "QUARRY_TEST_HOME"
        if is_setting or name in LEADING_ASTRAY or name in ("OLLAMA_HOST", "FORWARDED_ALLOW_IPS"):
            del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that run generated code need bubblewrap, which is not everywhere: they can be left out by a mark."""
    for item in items:
        if "sandbox" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sandboxed)


class GitRepo:
    """A real repository, made and changed through the git command."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *arguments: str | bytes) -> str:
        """Run git here and return what it prints. Submodules by path are allowed."""
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        environment = os.environ | GIT_ENVIRONMENT
        done = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, content: str | bytes) -> Path:
        """Write one file, byte for byte."""
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> str:
        """Write ``files``, commit everything and return the commit's id."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="session")
def make_repo(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., GitRepo]:
    """Make a repository with one commit of some files, in a folder of this name."""

    def make(files: Mapping[str, str | bytes], name: str = "project", *options: str) -> GitRepo:
        repo = GitRepo(tmp_path_factory.mktemp("repos") / name, *options)
        repo.commit(files)
        return repo

    return make


@pytest.fixture(scope="session")
def rules_cache() -> Path:
    """The secret scanner's compiled rules, kept between runs: compiling takes 5 s, and it checks its own key."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    (cache / ".gitignore").write_text("*\n")
    return cache / "secret-rules"


@pytest.fixture(scope="session")
def make_home(tmp_path_factory: pytest.TempPathFactory, rules_cache: Path) -> Callable[[], Path]:
    """Make an empty home whose scanner is compiled."""
    from indexer.secrets import SecretScanner

    SecretScanner(rules_cache)

    def make() -> Path:
        home = tmp_path_factory.mktemp("home")
        (home / "cache").mkdir()
        shutil.copytree(rules_cache, home / "cache" / "secret-rules")  # the scanner does not trust a link
        return home

    return make


@pytest.fixture
def home(make_home: Callable[[], Path]) -> Path:
    """An empty home of this test's own."""
    return make_home()


@pytest.fixture(scope="session")
def build() -> Callable[..., Any]:
    """Index a path or URL into a home, and return the report."""
    from indexer.build import build_index
    from indexer.repository import open_source
    from indexer.settings import IndexerSettings

    def run(
        home: Path,
        source: Path | str,
        name: str = "project",
        *,
        ref: str | None = None,
        worktree: bool = False,
        **options: Any,
    ) -> Any:
        opened = open_source(str(source), clones=home / "clones", ref=ref, worktree=worktree)
        return build_index(opened, name, IndexerSettings(home=home), **options)

    return run


@pytest.fixture(scope="session")
def run_quarry(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installed command with a home, in a folder of no meaning unless ``cwd`` is given."""
    command = str(Path(sys.executable).parent / "quarry")
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run(home: Path, *arguments: str, cwd: Path = elsewhere, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments],
            cwd=cwd,
            env=os.environ | {"QUARRY_HOME": str(home), "HF_HUB_OFFLINE": "1"} | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run some Python in a process of its own and return what it prints."""

    def run(code: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def anthropic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A stand-in for ``langchain-anthropic`` 9.9, as if it were installed, and a key: see tests/standins."""
    from langchain.chat_models import base

    site = tmp_path / "site"
    shutil.copytree(ROOT / "tests" / "standins", site)
    about = site / "langchain_anthropic-9.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: langchain-anthropic\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    monkeypatch.delitem(sys.modules, "langchain_anthropic", raising=False)
    base._get_chat_model_creator.cache_clear()  # or LangChain gives the class that it found before
    yield importlib.import_module("langchain_anthropic")
    sys.modules.pop("langchain_anthropic", None)
    base._get_chat_model_creator.cache_clear()
