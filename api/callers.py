"""Who asks, and what they may see: every route that reads a repository takes ``CurrentCaller``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from indexer.errors import UnknownRepository


@dataclass(frozen=True, slots=True)
class Caller:
    """A client. ``name`` is its key's name, None where no key is needed; ``repos`` None means all of them."""

    name: str | None = None
    repos: frozenset[str] | None = None

    def may_see(self, repo: str) -> bool:
        """Whether the repository of this name exists for this caller."""
        return self.repos is None or repo in self.repos

    def visible(self, repos: Iterable[str]) -> list[str]:
        """Those of ``repos`` that exist for this caller, in the same order."""
        return [repo for repo in repos if self.may_see(repo)]

    def require(self, repo: str) -> None:
        """Raise UnknownRepository, as for one that does not exist, unless the caller may see ``repo``."""
        if not self.may_see(repo):
            raise UnknownRepository(f"No repository {repo!r} is indexed.")

    def narrow(self, repo: str) -> str:
        """``repo``, which may be anything that a search takes, where the caller may see it. Raises like ``require``."""
        for part in repo.split(","):
            self.require(part.strip().partition("@")[0])
        return repo


def caller_of(request: Request) -> Caller:
    """Who sent ``request``: for what is no route of FastAPI's and takes no ``CurrentCaller``."""
    return Caller()


CurrentCaller = Annotated[Caller, Depends(caller_of)]
