"""What no ref needs any more is collected: refs that are gone, then chunks that no manifest names.

Compacting writes a new generation of matrix, lexicon and manifests beside the old one, which answers until the
new one is published in one step. Chroma is cleaned after that: killed in between, it holds some chunks more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from .index_folder import RepositoryFolder, RepositoryInfo
from .lexicon import Lexicon, LexiconWriter, StoredChunk
from .manifest import list_refs, manifest_path, read_manifest, read_rows, remove_manifest, write_manifest
from .matrix import MatrixWriter, Rows, copy_rows, count_rows
from .records import WORKTREE, Chunk
from .repository import Source
from .vectors import VectorStore
from .writer import explained

# Compacting copies what is alive, so it is done when a good part is not: its cost a dead chunk is then bounded.
_MAX_DEAD_SHARE = 0.3
_MIN_DEAD_CHUNKS = 1000


def drop_gone_refs(source: Source, folder: RepositoryFolder) -> Sequence[str]:
    """Forget the refs that the source's repository does not have any more, and return them.

    Only git sources can tell. HEAD and the working tree are never gone. The caller holds the lock.
    """
    others = [ref for ref in list_refs(folder.refs) if ref not in ("HEAD", WORKTREE, source.ref)]
    gone = source.find_gone(others) if others else ()
    for ref in gone:
        remove_manifest(folder.refs, ref)
    return gone


def needs_compaction(folder: RepositoryFolder) -> bool:
    """Whether so many chunks belong to no ref that leaving them would cost more than collecting them."""
    info = folder.read_info()
    n_rows = count_rows(folder.matrix, info.dim) if info is not None else 0
    max_dead = max(_MIN_DEAD_CHUNKS, _MAX_DEAD_SHARE * n_rows)
    alive = np.zeros(n_rows, dtype=np.bool_)
    for ref in list_refs(folder.refs):
        alive[read_rows(folder.refs, ref)] = True
        if n_rows - int(alive.sum()) <= max_dead:  # most often at the first ref
            return False
    return n_rows > 0


def compact(folder: RepositoryFolder, on_note: Callable[[str], None] | None = None) -> int:
    """Drop every chunk that no manifest names, and return how many. The caller holds the lock and no writer."""
    info = folder.read_info()
    assert info is not None  # it has manifests
    refs = list_refs(folder.refs)
    alive: Rows = np.unique(np.concatenate([read_rows(folder.refs, ref) for ref in refs]))
    n_dead = count_rows(folder.matrix, info.dim) - len(alive)
    if on_note is not None:
        on_note(f"Collecting {n_dead:,} chunks that no indexed ref of {folder.name!r} holds any more.")
    with explained():
        _write_next_generation(folder, info, refs, alive)
        row_ids = MatrixWriter(folder.matrix, info.dim).read_ids()
        with VectorStore(folder.chroma) as store:
            store.keep_only({row_ids.id_of(row).hex() for row in range(len(row_ids))})
    folder.remove_leftovers()
    return n_dead


def _write_next_generation(folder: RepositoryFolder, info: RepositoryInfo, refs: Sequence[str], alive: Rows) -> None:
    """Copy the rows ``alive`` and all manifests into a new generation, publish it, and make ``folder`` be it."""
    new = folder.next_generation(keep_chroma=True)
    copy_rows(folder.matrix, new.matrix, info.dim, alive)
    old_lexicon = Lexicon(folder.lexicon)
    with LexiconWriter(new.lexicon) as lexicon:
        for new_row, row in enumerate(alive.tolist()):
            lexicon.add(new_row, _as_chunk(old_lexicon.get(row)))
        lexicon.commit()
    for ref in reversed(refs):
        manifest = read_manifest(folder.refs, ref, with_names=True)
        assert manifest is not None  # the lock is held
        write_manifest(new.refs, replace(manifest, rows=np.searchsorted(alive, manifest.rows)))
        old = manifest_path(folder.refs, ref).stat()
        os.utime(manifest_path(new.refs, ref), ns=(old.st_atime_ns, old.st_mtime_ns))  # refs are listed by age
    new.write_info(info)
    new.publish()
    folder.reload()


def _as_chunk(stored: StoredChunk) -> Chunk:
    """What the lexicon takes in. Lines and blob are the manifests'."""
    return Chunk(
        id=stored.id,
        path=stored.path,
        start_line=0,
        end_line=0,
        symbol=stored.symbol,
        kind=stored.kind,
        language=stored.language,
        text=stored.text,
        blob="",
        defines=tuple(stored.defines),
        calls=tuple((name, line) for name, line in stored.calls),
    )
