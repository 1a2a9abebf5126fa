"""Who asks, and what they may see: every route that reads a repository takes ``CurrentCaller``.

``auth.py`` finds out who it is, before any route runs; without keys everybody may everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from assistant.targets import ALL, ref_of_all
from indexer.errors import IndexingError, UnknownRepository
from indexer.home import check_name, find_repository, list_names, unknown_repository

from .errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Caller:
    """A client. ``name`` is its key's name, None where no key is needed; ``repos`` None means all of them.

    ``home`` is where the repositories are; it is needed with ``repos``. ``max_tokens_per_day`` None: no limit.
    ``key_hash`` tells the key from an earlier or later one of its name.
    """

    name: str | None = None
    repos: frozenset[str] | None = None
    home: Path | None = None
    max_tokens_per_day: int | None = None
    key_hash: str | None = None

    def may_see(self, repo: str) -> bool:
        """Whether the repository of this name exists for this caller."""
        return self.repos is None or repo in self.repos

    def visible(self, repos: Iterable[str]) -> list[str]:
        """Those of ``repos`` that exist for this caller, in the same order."""
        return [repo for repo in repos if self.may_see(repo)]

    def require(self, repo: str) -> None:
        """Raise UnknownRepository, as for one that does not exist, unless the caller may see ``repo``, one name."""
        if self.repos is not None and not self._exists(check_name(repo)):
            raise unknown_repository(repo, self._known())

    def narrow(self, repo: str) -> str:
        """What a search is asked of (NAME, NAME@REF, several with commas, `all`, `all@REF`), each of it required.

        Returns the same, with `all` spelled out as what this caller may see. Raises what ``require`` raises.
        """
        if self.repos is None:
            return repo
        at_ref = ref_of_all(repo)
        if at_ref is not None and not self._exists(ALL):
            known = self._known()
            if not known:
                raise UnknownRepository("Nothing is indexed yet: run `quarry index SOURCE` first.")
            return ",".join(name + at_ref for name in known)
        for part in repo.split(","):
            name = part.strip().partition("@")[0]
            if name:  # one without a name is the search's to explain
                self.require(name)
        return repo

    def require_all(self) -> None:
        """Raise NotAllowed unless the caller may change what is indexed: that takes a key for all repositories."""
        if self.repos is not None:
            raise NotAllowed("This key is for some repositories only: to index or remove, use one for all of them.")

    def _exists(self, name: str) -> bool:
        if self.home is None or not self.may_see(name):
            return False
        try:
            find_repository(self.home, name)
        except UnknownRepository:  # its message names what others have
            return False
        except IndexingError:  # damaged, or of another version: who opens it is told what to do
            pass
        return True

    def _known(self) -> list[str]:
        """What is there for this caller; not what is being indexed for the first time, of which there is a folder."""
        return [] if self.home is None else [name for name in list_names(self.home) if self._exists(name)]


def caller_of(request: Request) -> Caller:
    """Who sent ``request``: for what is no route of FastAPI's and takes no ``CurrentCaller``."""
    caller: Caller = request.state.caller  # an AttributeError rather than a way in, if nobody had looked
    return caller


CurrentCaller = Annotated[Caller, Depends(caller_of)]
