"""``QuarryRetriever``: the search as a LangChain retriever, for chains of one's own."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from indexer.records import Hit
from indexer.settings import IndexerSettings

from .records import REF_FORM
from .search import Searcher


class QuarryRetriever(BaseRetriever):
    """The best chunks of an indexed repository for a query, best first.

    Each document's text is the chunk's; its metadata hold ``repo``, ``ref``, ``commit``, ``path``, ``start_line``,
    ``end_line``, ``symbol``, ``language`` and ``score`` (higher is better). Raises the errors of ``Searcher.search``.
    """

    repo: str = Field(description="NAME, NAME@REF, several with commas between them, or `all`.")
    ref: str | None = Field(default=None, description=REF_FORM)
    k: int = Field(default=10, description="Number of chunks.")
    home: Path | None = Field(default=None, description="Where the indexes are; by default what QUARRY_HOME says.")

    @cached_property
    def _searcher(self) -> Searcher:
        settings = IndexerSettings() if self.home is None else IndexerSettings(home=self.home)
        return Searcher(settings.home)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        k = int(kwargs.get("k", self.k))
        result = self._searcher.search(self.repo, query, k=k, ref=self.ref)
        return [_to_document(hit) for hit in result.hits]


def _to_document(hit: Hit) -> Document:
    chunk = hit.chunk
    metadata = {
        "repo": hit.repo,
        "ref": hit.ref,
        "commit": hit.commit,
        "path": chunk.path,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "symbol": chunk.symbol,
        "language": chunk.language,
        "score": hit.score,
    }
    return Document(page_content=chunk.text, metadata=metadata, id=f"{hit.repo}@{hit.commit}:{chunk.location}")
