"""``Searcher``: complete within a ref, fused by reciprocal rank, and true to the files."""

from __future__ import annotations

import gc
import json
import os
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.freshness import FreshnessMonitor
from assistant.search import MAX_K, RRF_K, Searcher, SearchOptions
from assistant.serialise import search_as_json
from assistant.targets import Target, label_sources
from indexer.embedding import StaticEncoder
from indexer.errors import InputError, UnknownRepository
from indexer.home import open_index, remove_ref, remove_repository
from indexer.records import WORKTREE

Make = Callable[..., Any]


def function(name: str, body: str = "value") -> str:
    """A Python function that is a chunk of its own."""
    return "\n".join([f"def {name}({body}):", *(f"    {name}_{i} = {body} + {i}" for i in range(12)), ""])


FILES = {
    "billing/invoice.py": function("create_invoice", "order") + function("send_invoice", "mail"),
    "billing/tax.py": function("compute_tax", "amount"),
    "users/login.py": "import os\r\n" + function("check_password", "given").replace("\n", "\r\n"),
    "README.md": "# Billing\n\nHow invoices are made and sent.\n",
}


@pytest.fixture(scope="module")
def indexed(make_repo: Make, make_home: Callable[[], Path], build: Make) -> tuple[Any, Path]:
    """A repository and the home that holds its index."""
    repo, home = make_repo(FILES), make_home()
    build(home, repo.path)
    return repo, home


def test_a_symbol_is_found_first(indexed: Any) -> None:
    """The function of that name is the best hit, with its file, lines and language."""
    repo, home = indexed
    result = Searcher(home).search("project", "send_invoice")
    chunk = result.hits[0].chunk
    assert (chunk.symbol, chunk.path, chunk.language, chunk.kind) == (
        "send_invoice",
        "billing/invoice.py",
        "python",
        "function",
    )
    assert (chunk.start_line, chunk.end_line) == (14, 26)
    (searched,) = result.searched
    assert (searched.repo, searched.ref, searched.commit) == ("project", "HEAD", repo.git("rev-parse", "HEAD"))


def test_words_of_a_question_find_code(indexed: Any) -> None:
    """A question in words finds the function whose name holds them."""
    _, home = indexed
    assert Searcher(home).search("project", "where is the tax computed?").hits[0].chunk.symbol == "compute_tax"


def test_texts_are_the_lines_of_the_commit(indexed: Any) -> None:
    """Each hit's text is what git has at that commit between its lines, line ends included."""
    repo, home = indexed
    hits = Searcher(home).search("project", "invoice tax password", k=50).hits
    assert {hit.chunk.path for hit in hits} == set(FILES)
    for hit in hits:
        lines = FILES[hit.chunk.path].split("\n")
        assert hit.chunk.text == "\n".join(lines[hit.chunk.start_line - 1 : hit.chunk.end_line])
        assert hit.chunk.blob == repo.git("rev-parse", f"{hit.commit}:{hit.chunk.path}")


def test_scores_are_reciprocal_ranks(indexed: Any) -> None:
    """Fused, a score is the sum of 1 / (60 + rank) over the lists that hold the hit, and hits come by score."""
    _, home = indexed
    hits = Searcher(home).search("project", "create_invoice order", k=50, options=SearchOptions("fused")).hits
    assert RRF_K == 60
    for hit in hits:
        ranks = [hit.signals[name] for name in ("dense_rank", "lexical_rank") if name in hit.signals]
        assert hit.score == pytest.approx(sum(1 / (60 + rank) for rank in ranks), abs=1e-6)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert sorted(hit.signals["dense_rank"] for hit in hits) == list(range(1, len(hits) + 1))
    assert (hits[0].score, hits[0].chunk.symbol) == (round(2 / 61, 6), "create_invoice")


def test_dense_scores_are_cosines(indexed: Any) -> None:
    """A hit's dense score is the cosine of its own text and the query, by the same encoder."""
    from indexer.embedding import BUILT_IN, open_encoder

    _, home = indexed
    encoder = open_encoder(BUILT_IN)
    for hit in Searcher(home).search("project", "check the password", k=50, options=SearchOptions("dense")).hits:
        [query] = encoder.encode(["check the password"])
        [chunk] = encoder.encode_documents([hit.chunk.embedded_text])
        assert hit.signals["dense_score"] == pytest.approx(float(query @ chunk), abs=1e-5)


def test_json_has_the_promised_form(indexed: Any) -> None:
    """The JSON of a search has exactly the fields that are promised, in their types."""
    _, home = indexed
    value = json.loads(json.dumps(search_as_json(Searcher(home).search("project", "tax", k=1))))
    assert list(value) == ["query", "repositories", "stale", "hits", "timings_ms"]
    (searched,) = value["repositories"]
    assert list(searched) == ["repo", "ref", "commit", "indexed_at", "stale", "n_changed_files"]
    (hit,) = value["hits"]
    assert {name: type(field).__name__ for name, field in hit.items()} == {
        "repo": "str",
        "ref": "str",
        "commit": "str",
        "path": "str",
        "start_line": "int",
        "end_line": "int",
        "symbol": "str",
        "kind": "str",
        "language": "str",
        "score": "float",
        "text": "str",
        "signals": "dict",
    }
    assert all(isinstance(ms, float) and ms >= 0 for ms in value["timings_ms"].values())
    assert "total" in value["timings_ms"]


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_is_refused(indexed: Any, query: str) -> None:
    """Nothing to look for is an error, not a list of anything."""
    with pytest.raises(InputError, match="query is empty"):
        Searcher(indexed[1]).search("project", query)


@pytest.mark.parametrize("k", [-1, 0, MAX_K + 1])
def test_k_has_bounds(indexed: Any, k: int) -> None:
    """A number of hits outside the bounds is refused."""
    with pytest.raises(InputError, match=f"k is {k}"):
        Searcher(indexed[1]).search("project", "tax", k=k)


@pytest.mark.parametrize(("k", "n_hits"), [(1, 1), (3, 3), (MAX_K, 6)])
def test_k_is_the_number_of_hits(indexed: Any, k: int, n_hits: int) -> None:
    """As many hits as were asked for, if the ref has them, and none twice."""
    hits = Searcher(indexed[1]).search("project", "invoice", k=k).hits
    assert len({hit.chunk.id for hit in hits}) == len(hits) == n_hits


@pytest.mark.parametrize("query", ["zzqxv wqqzj", "!!! ???", "🦀", "x" * 5000, "\0", "AND OR NOT (", "field:value*"])
def test_any_query_is_answered(indexed: Any, query: str) -> None:
    """Unknown words, signs and the syntax of other search engines give hits without a lexical rank, no error."""
    hits = Searcher(indexed[1]).search("project", query).hits
    assert len(hits) == 6
    if query not in ("AND OR NOT (", "field:value*"):
        assert not [hit for hit in hits if "lexical_rank" in hit.signals]


def test_an_unknown_name_offers_near_ones(indexed: Any) -> None:
    """A misspelt repository is an error with what was meant."""
    with pytest.raises(UnknownRepository, match=r"No repository 'projcet' is indexed. Did you mean project\?"):
        Searcher(indexed[1]).search("projcet", "tax")


def test_an_unindexed_ref_names_the_indexed_ones(indexed: Any) -> None:
    """A ref that is not indexed is an error that lists those that are."""
    with pytest.raises(InputError, match="not indexed at 'v9', only at HEAD"):
        Searcher(indexed[1]).search("project", "tax", ref="v9")


def test_hits_are_complete_within_a_ref(make_repo: Make, home: Path, build: Make) -> None:
    """A ref's own chunks are all found when another ref holds many more that are nearer to the query."""
    repo = make_repo({f"old{i}.py": function(f"ship_order_{i}", "parcel") for i in range(5)})
    build(home, repo.path, ref="main")
    repo.git("switch", "--quiet", "--create", "many")
    repo.commit({f"new{i}.py": "# ship order parcel\n" * 3 + function(f"ship_order_parcel_{i}") for i in range(300)})
    build(home, repo.path, ref="many")
    for method in ("ranked", "fused", "dense", "lexical"):
        found = Searcher(home).search("project", "ship order parcel", k=5, ref="main", options=SearchOptions(method))
        assert {hit.chunk.path for hit in found.hits} == {f"old{i}.py" for i in range(5)}
    assert open_index(home, "project", "main").matrix.n_rows == 305


def test_an_open_searcher_sees_a_new_build(make_repo: Make, home: Path, build: Make) -> None:
    """After a build, a rebuild and a removal, a searcher that was open before answers accordingly."""
    repo = make_repo({"a.py": function("alpha")})
    build(home, repo.path)
    searcher = Searcher(home)
    assert [hit.chunk.symbol for hit in searcher.search("project", "alpha").hits] == ["alpha"]
    repo.commit({"a.py": function("beta")})
    build(home, repo.path)
    assert [hit.chunk.symbol for hit in searcher.search("project", "alpha").hits] == ["beta"]
    repo.commit({"a.py": function("gamma")})
    build(home, repo.path, rebuild=True)
    assert [hit.chunk.symbol for hit in searcher.search("project", "alpha").hits] == ["gamma"]
    remove_repository(home, "project", wait_seconds=1)
    with pytest.raises(UnknownRepository):
        searcher.search("project", "alpha")


def test_what_is_gone_is_let_go_of(make_repo: Make, home: Path, build: Make) -> None:
    """A removed ref, and the other refs after a rebuild, stay open for those alone who are searching them."""
    repo = make_repo({"a.py": function("alpha")})
    repo.git("tag", "v1")
    for ref in ("main", "v1"):
        build(home, repo.path, ref=ref)
    searcher = Searcher(home)
    for ref in ("main", "v1"):
        searcher.search("project", "alpha", ref=ref)
    indexes = {ref: weakref.ref(searcher.open(Target("project", ref)).index) for ref in ("main", "v1")}
    remove_ref(home, "project", "v1", wait_seconds=1)
    with pytest.raises(InputError, match="not indexed at 'v1'"):
        searcher.search("project", "alpha", ref="v1")
    gc.collect()
    assert indexes["v1"]() is None
    assert indexes["main"]() is searcher.open(Target("project", "main")).index
    under_way = searcher.open(Target("project", "main")).index
    build(home, repo.path, ref="v1", rebuild=True)
    assert [hit.chunk.symbol for hit in searcher.search("project", "alpha", ref="v1").hits] == ["alpha"]
    assert under_way.chunk_at(0).symbol == "alpha"
    del under_way
    gc.collect()
    assert indexes["main"]() is None


def test_what_was_looked_at_is_not_kept_by_looking(indexed: Any) -> None:
    """How a source stands is remembered for a moment; the manifest that it was compared with goes with its index."""
    monitor, manifest = FreshnessMonitor(), replace(open_index(indexed[1], "project").manifest)
    assert monitor.ask("project", manifest) is monitor.ask("project", manifest)
    assert monitor.ask("project", manifest).result().stale is False
    kept = weakref.ref(manifest)
    del manifest
    until = time.monotonic() + 5  # the thread that looked lets go of it a moment after its answer
    while kept() is not None and time.monotonic() < until:
        gc.collect()
    assert kept() is None


def test_a_search_imports_no_heavy_library(indexed: Any, run_python: Make) -> None:
    """Searching an index of the built-in encoder needs neither torch nor Chroma nor sentence-transformers."""
    code = """
import json, sys
from pathlib import Path
from assistant.search import Searcher
hits = Searcher(Path(sys.argv[1])).search("project", "compute the tax").hits
heavy = {"torch", "chromadb", "sentence_transformers", "transformers", "langchain_core", "kingfisher_sdk"}
print(json.dumps([hits[0].chunk.symbol, sorted(heavy & set(sys.modules))]))
"""
    assert json.loads(run_python(code, str(indexed[1]))) == ["compute_tax", []]


def test_an_encoder_given_by_a_relative_path_is_found_again(
    make_repo: Make, home: Path, build: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index made with ``--encoder ./model`` is searched from any folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source = Path(__file__).resolve().parents[2] / "indexer" / "encoder"
    (tmp_path / "model").symlink_to(source)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    build(home, make_repo({"a.py": function("alpha")}).path, encoder_name=f".{os.sep}model")
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("assistant.search.open_encoder", open_fresh)
    assert Searcher(home).search("project", "alpha").hits[0].chunk.symbol == "alpha"


def open_fresh(name: str) -> Any:
    """The encoder as a new process opens it."""
    from indexer.embedding import open_encoder

    return open_encoder.__wrapped__(name)


def test_several_repositories_are_one_list(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits of several repositories come by score, each names its own, and the same code scores the same in both. The
    query is encoded once for all."""
    ledger = {"ledger.py": "class Ledger:\n    balance = 0\n"}
    build(home, make_repo({**ledger, "other.py": function("unrelated")}).path, name="one")
    build(home, make_repo({**ledger, "another.py": function("something")}).path, name="two")
    build(home, make_repo({"third.py": function("nothing")}).path, name="three")
    searcher = Searcher(home)
    both = searcher.search("one, two", "Ledger balance")
    assert [searched.repo for searched in both.searched] == ["one", "two"]
    assert [(hit.repo, hit.chunk.path) for hit in both.hits[:2]] == [("one", "ledger.py"), ("two", "ledger.py")]
    assert both.hits[0].score == pytest.approx(both.hits[1].score, abs=1e-3)
    assert [hit.score for hit in both.hits] == sorted((hit.score for hit in both.hits), reverse=True)
    assert {hit.repo for hit in searcher.search("all", "Ledger balance").hits} == {"one", "two", "three"}
    [best] = searcher.search("all", "nothing", k=1).hits
    assert best.repo == "three"

    encoded: list[Any] = []
    encode = StaticEncoder.encode
    monkeypatch.setattr(StaticEncoder, "encode", lambda self, texts: encoded.append(texts) or encode(self, texts))
    searcher.search("all", "balance")
    assert encoded == [["balance"]]


def test_a_ref_can_be_named_with_the_repository(make_repo: Make, home: Path, build: Make) -> None:
    """NAME@REF searches that ref, beside another one of the same repository."""
    repo = make_repo({"a.py": function("alpha")})
    repo.git("tag", "v1")
    build(home, repo.path, ref="v1")
    repo.commit({"a.py": function("beta")})
    build(home, repo.path)
    found = Searcher(home).search("project@v1,project", "alpha")
    assert [(each.ref, each.commit) for each in found.searched] == [
        ("v1", repo.git("rev-parse", "v1")),
        ("HEAD", repo.git("rev-parse", "HEAD")),
    ]
    assert [hit.chunk.symbol for hit in found.hits] == ["alpha", "beta"]


def test_a_ref_that_is_named_twice_is_searched_once(indexed: Any) -> None:
    """Spelled out or not: no hit takes two places."""
    _, home = indexed
    result = Searcher(home).search("project,project@HEAD", "invoice")
    places = [hit.chunk.location for hit in result.hits]
    assert len(result.searched) == 1 and len(places) == len(set(places)) > 1


@pytest.mark.parametrize(
    ("sources", "labels"),
    [
        ([("click", "HEAD"), ("click", "HEAD")], [""]),
        ([("click", "HEAD"), ("flask", "main")], ["click", "flask"]),
        ([("click", "8.1"), ("click", WORKTREE), ("flask", "main")], ["click@8.1", "click@worktree", "flask"]),
    ],
)
def test_sources_are_told_apart_by_as_little_as_needed(sources: list[tuple[str, str]], labels: list[str]) -> None:
    """Nothing, a name, or a name with its ref, as a search takes it."""
    assert list(label_sources(sources).values()) == labels


@pytest.mark.parametrize("text", ["", " ", ",", "project,", "project@", "@HEAD"])
def test_a_target_that_names_nothing_is_refused(indexed: Any, text: str) -> None:
    """The line says how targets are written."""
    with pytest.raises(InputError, match="NAME@REF"):
        Searcher(indexed[1]).search(text, "tax")


def test_all_of_nothing_says_what_to_run(home: Path) -> None:
    """Before anything is indexed, `all` names the command."""
    with pytest.raises(UnknownRepository, match="quarry index"):
        Searcher(home).search("all", "tax")


def test_a_search_says_whether_the_source_has_moved_on(make_repo: Make, home: Path, build: Make) -> None:
    """Edits of the working tree make an index stale, by as many files as differ; indexing again ends that."""
    repo = make_repo({"a.py": function("alpha"), "b.py": function("beta")})
    build(home, repo.path)
    assert Searcher(home).search("project", "alpha").searched[0].staleness.stale is False
    (repo.path / "a.py").write_text(function("changed"))
    (repo.path / "c.py").write_text(function("new"))
    staleness = Searcher(home).search("project", "alpha").searched[0].staleness
    assert (staleness.stale, staleness.n_changed_files) == (True, 2)
    repo.commit({})
    build(home, repo.path)
    assert Searcher(home).search("project", "alpha").searched[0].staleness.stale is False
