"""Questions as the fit sees them: the candidates of the very search that users get, and which of them answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.search import Searcher
from assistant.signals import Candidates
from eval.retrieval.indexes import ensure_index, index_name
from eval.retrieval.masking import MaskedSource
from eval.retrieval.records import RetrievalQuestion
from eval.retrieval.relevance import answers, is_of_file
from eval.retrieval.run import OpenedRepository
from indexer.repository import Source
from indexer.settings import IndexerSettings

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a candidate chunk stands, by the true name of its file."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Example:
    """One question. ``places`` and ``answering_chunks`` go with the candidates' chunks, ``answering_files`` with files.

    ``answering_chunks`` is None where the question names no lines: any chunk of the file is then as good.
    """

    question: RetrievalQuestion
    candidates: Candidates
    places: Sequence[Place]
    answering_files: Flags
    answering_chunks: Flags | None


@dataclass(frozen=True, slots=True)
class ExampleSet:
    """All questions of one repository, of its index with or without file names."""

    repository: str
    is_masked: bool
    examples: Sequence[Example]


def collect_examples(opened: OpenedRepository, settings: IndexerSettings, *, is_masked: bool) -> ExampleSet:
    """Index the repository if it is not yet, and collect every question's candidates. Raises a QuarryError."""
    masked = MaskedSource(opened.source) if is_masked else None
    source: Source = masked if masked is not None else opened.source
    name = index_name(opened.repository.name, source, settings, is_masked=is_masked)
    ensure_index(source, name, settings)
    if masked is not None:
        masked.list_files(lambda path, n_bytes: None)  # a kept index was not listed: its names are made here
    searcher = Searcher(settings.home)
    examples = []
    for question in opened.questions:
        index, candidates = searcher.find_candidates(name, question.query, ref=source.ref)
        manifest = index.manifest
        places = []
        for position in candidates.chunks.tolist():
            path = manifest.file_of(position).path
            true_path = masked.true_path(path) if masked is not None else path
            places.append(Place(true_path, int(manifest.start_lines[position]), int(manifest.end_lines[position])))
        examples.append(_judge(question, candidates, places))
    return ExampleSet(opened.repository.name, is_masked, examples)


def _judge(question: RetrievalQuestion, candidates: Candidates, places: Sequence[Place]) -> Example:
    answering_files = np.zeros(len(candidates.files), dtype=np.bool_)
    answering_chunks = np.zeros(len(places), dtype=np.bool_)
    for number, place in enumerate(places):
        if any(is_of_file(place.path, relevant) for relevant in question.relevant):
            answering_files[candidates.file_of_chunk[number]] = True
        answering_chunks[number] = any(
            relevant.start_line is not None and answers(place, relevant) for relevant in question.relevant
        )
    has_lines = any(relevant.start_line is not None for relevant in question.relevant)
    return Example(question, candidates, places, answering_files, answering_chunks if has_lines else None)
