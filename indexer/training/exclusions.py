"""What may never be trained on: the projects of exclusions.txt, by name, folder, notice and copied code.

Four nets, because a copy need not carry its project's name: the package's name in any registry, the path inside
it, a notice in the file, and fingerprints of the excluded projects' own code (``corpus.copy_keys``).
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import PurePosixPath

from indexer.errors import InputError

# Folders where packages keep other people's code.
_VENDOR_PARTS = frozenset(
    """
    _bundled _extern _external _third_party _thirdparty _vendor _vendored bundled extern external externals
    node_modules site-packages third-party third_party thirdparty thirdparty_files vendor vendored
    3rdparty 3rd-party 3rd_party deps dependencies subprojects godeps pods carthage
    """.split()
)
# Names that mean an excluded project wherever they stand: as a part of a package's name or as a folder or file.
_DISTINCTIVE = frozenset(
    """
    aiohttp black bottle celery click django fastapi flask httpx model2vec numpy pandas pydantic pytest redis
    requests scrapy sqlalchemy starlette tornado uvicorn abseil absl absinthe akka alamofire linenoise
    commons-lang commons-lang3 lang3 polly axios bash-it ripgrep catch2 catch.hpp circe zod composer dapper ecto
    etcd expressjs koa koajs googletest gtest gmock guava guzzle guzzlehttp jackson newtonsoft jekyll exposed
    pandoc shellcheck junit junit4 junit5 coroutines ktor laravel illuminate libuv libuv1 lodash typescript
    messagepack neovim nvim nestjs nginx nlohmann json.hpp telescope treesitter nvm ohmyzsh oh-my-zsh openssl
    phoenix phoenixframework prettier prometheus puma rxswift realm redux reduxjs rake rack sinatra rails
    activesupport activerecord actionpack actionview activemodel railties scalaz http4s serde monolog snapkit
    cobra spring springframework sqlite sqlite3 moshi okhttp okhttp3 retrofit retrofit2 svelte sveltejs symfony
    axum tokio trpc vitest vue vuejs webpack xmonad yesod zig ziglang zls spdlog fmtlib gson anyhow aeson bats
    gorilla go-chi gohugoio gin-gonic hashicorp-consul
    """.split()
)
# Names that are also plain words: only as the whole name that follows a registry's prefix, or as its beginning.
_PLAIN = frozenset(
    """
    async bats-core elixir-lang cats chi clap commons-lang composer consul core curl dotnet-runtime express fmt gin
    go hugo hyper json kotlin mini-nvim mux nest plug prettier react react-dom react-is react-reconciler react-server
    react-test-renderer regex rust-regex scheduler vapor vue ky
    """.split()
)
_STARTS_A_FAMILY = frozenset("async clap curl fmt gin hyper plug regex kotlin vapor".split())
_PREFIX = re.compile(
    r"^(?:golang-github|golang|librust|rust|scala|libghc|ghc|haskell|node|ruby|php|lua|elixir|erlang|python3?)-"
)
_PYTHON_PREFIX = re.compile(r"^lib(?=[a-z0-9-]+(?:-java|-dev|-php|-perl)$)")
_SUFFIX = re.compile(r"(?:-java|-dev|-php|-js|[0-9.]+)$")
# Copyright lines and bylines of excluded projects, lower case.
_AUTHORS = tuple(
    """numpy developers|pandas development team|aqr capital|django software foundation|encode oss|kenneth reitz
    |michael bayer|sqlalchemy authors|holger krekel|samuel colvin|ask solem|scrapy developers|marcel hellkamp
    |łukasz langa|tom christie|sebastian ramirez|sebastián ramírez|facebook/tornado|salvatore sanfilippo
    |victor zverovich|niels lohmann|gabi melman|two blue cubes|igor sysoev|nginx, inc|the go authors
    |the abseil authors|the guava authors|square, inc|the original author or authors|openssl project
    |author disclaims copyright to this|daniel stenberg|james newton-king|taylor otwell
    |david heinemeier hansson|leah neukirchen|christian neukirchen|jim weirich|blake mizerany|evan phoenix
    |react core team|evan you|jordi boggiano|joyent, inc. and other node|the libuv project""".replace(
        "\n    |", "|"
    ).split("|")
)
_NAMED = "|".join(sorted((re.escape(name) for name in _DISTINCTIVE), key=len, reverse=True))
_COPIED = re.compile(r"(?:adapted|borrowed|copied|taken|vendored|ported|lifted|backported|forked|derived|copy)\s+")
_FROM = re.compile(rf"(?:\w+\s+){{0,3}}(?:from|of)\s+(?:\w+\s+){{0,3}}(?:{_NAMED})\b")


def load_exclusions() -> tuple[str, ...]:
    """The excluded repositories, as ``owner/name``."""
    text = resources.files("indexer.training").joinpath("exclusions.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def normalize_name(name: str) -> str:
    """A package's name as it is compared: lower case, a scope's ``@`` off, runs of ``-_./`` as one hyphen."""
    return re.sub(r"[-_./]+", "-", name.lstrip("@")).lower()


def check_name(name: str) -> None:
    """Raise InputError if a package of any registry is an excluded project or named after one.

    ``pandas-x``, ``golang-github-gin-gonic-gin``, ``librust-serde-dev`` and ``@trpc/server`` are.
    """
    if _is_excluded_name(normalize_name(name)):
        raise InputError(f"{name} is on the training exclusion list: take it out of packages.toml")


def _is_excluded_name(name: str) -> bool:
    stem = _SUFFIX.sub("", _SUFFIX.sub("", _PREFIX.sub("", _PYTHON_PREFIX.sub("", name)))).strip("-")
    for repository in load_exclusions():
        owner, _, project = repository.rpartition("/")
        project = normalize_name(project)
        if stem == project or f"-{normalize_name(owner)}-{project}-" in f"-{name}-":
            return True
    if stem in _PLAIN or name in _PLAIN or name.endswith("-kotlin"):
        return True
    if _PREFIX.match(name) and stem.partition("-")[0] in _STARTS_A_FAMILY:
        return True
    return any(part in _DISTINCTIVE for part in (*name.split("-"), stem))


def is_excluded_path(path: str) -> bool:
    """Whether a file lies in vendored code, or it or its folder is named after an excluded project."""
    pure = PurePosixPath(path.lower())
    if pure.name in _DISTINCTIVE:
        return True
    return any(part in _VENDOR_PARTS or part.strip("_") in _DISTINCTIVE for part in pure.with_suffix("").parts)


def has_excluded_notice(text: str) -> bool:
    """Whether a file says that it is, or holds code copied from, an excluded project."""
    lowered = text.lower()
    if any(author in lowered for author in _AUTHORS):
        return True
    return any(_FROM.match(lowered, found.end()) for found in _COPIED.finditer(lowered))
