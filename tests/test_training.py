"""The encoder's recipe: what is mined, what is kept out, how the shipped tokenizer splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.errors import InputError
from indexer.training.corpus import build_collections, separate
from indexer.training.evaluate import mean_reciprocal_rank
from indexer.training.exclusions import check_name, has_excluded_notice, is_excluded_path, load_exclusions
from indexer.training.mining import mine_source, split_words
from indexer.training.model import MAX_DIRECTORY_BYTES, read_model
from indexer.training.packages import PERMISSIVE, load_packages
from indexer.training.records import Pair, Source

ENCODER = Path(__file__).parents[1] / "indexer" / "encoder"
SOURCE = '''"""Tools that open and close the garden gates."""

import os


class Gate:
    """A gate with one hinge and one lock."""

    def open_gate(self, key):
        """Open the gate with the given key.

        :param key: what opens it
        """
        # The hinge sticks when it has rained for long
        hinge = self.hinge or os.environ["HINGE"]
        turned = hinge.turn(key)

        def inner():
            """Say nothing about the inside."""
            return turned

        return inner() or turned.again(key, hinge, force=True, quietly=self.is_night, seconds=30)
'''


def mine(text: str = SOURCE) -> list[Pair]:
    """The pairs of a file of the package ``garden``."""
    return mine_source(Source("garden", "garden/gates.py", text))


def pair(package: str, key: str, query: str = "open the gate") -> Pair:
    """A pair of which only package, key and query matter."""
    return Pair(query, f"{package}.py > f\ncode {key}", "python", package, "function", key)


def test_code_holds_no_docstring() -> None:
    """No code side holds any docstring, also not of a nested definition or of the module."""
    codes = [p.code for p in mine()]
    assert codes
    assert not any('"""' in code or "given key" in code or "about the inside" in code for code in codes)


def test_code_begins_with_path_and_scope() -> None:
    """A function's code begins with the line that Quarry puts before a chunk."""
    [function] = [p for p in mine() if p.kind == "function" and "key" in p.query]
    assert function.query == "Open the gate with the given key"
    assert function.code.splitlines()[0] == "garden/gates.py > Gate > open_gate"


def test_symbol_is_asked_for_without_its_signature() -> None:
    """The words of a name are paired with a body that does not show the name."""
    [symbol] = [p for p in mine() if p.kind == "symbol"]
    assert symbol.query == "open gate"
    assert "open_gate" not in symbol.code


def test_comment_is_taken_out_of_the_code_it_explains() -> None:
    """A comment is a query only for lines that follow it."""
    [comment] = [p for p in mine() if p.kind == "comment"]
    assert comment.query == "The hinge sticks when it has rained for long"
    assert "rained" not in comment.code and "hinge.turn" in comment.code


def test_unparsable_source_gives_nothing() -> None:
    """Python 2 and broken files are passed over."""
    assert mine("print 'hello'") == []


@pytest.mark.parametrize("name", ["pandas", "Django", "httpx", "flask-login", "scrapy_redis", "gson"])
def test_excluded_name_is_refused(name: str) -> None:
    """A package that is, or is named after, an excluded project cannot be mined."""
    with pytest.raises(InputError, match="exclusion list"):
        check_name(name)


def test_exclusions_are_complete() -> None:
    """The list that ships with the recipe holds every repository, comments aside."""
    exclusions = load_exclusions()
    assert len(exclusions) == 127
    assert {"pandas-dev/pandas", "psf/requests", "zigtools/zls"} <= set(exclusions)


@pytest.mark.parametrize("path", ["pip/_vendor/x.py", "a/extern/six.py", "b/requests/api.py", "c/numpy.py"])
def test_vendored_path_is_excluded(path: str) -> None:
    """Folders of other people's code are never read."""
    assert is_excluded_path(path)


def test_own_path_is_not_excluded() -> None:
    """A package's own module is read."""
    assert not is_excluded_path("luigi/contrib/scheduler.py")


def test_notice_of_a_copy_is_seen() -> None:
    """A file that says that it was copied from an excluded project is dropped."""
    assert has_excluded_notice("# This was copied from the Django project")
    assert not has_excluded_notice("# Works with numpy arrays")


def test_pinned_packages_are_allowed_and_permissive() -> None:
    """Every mined package passes the exclusions, has a permissive licence and a sha256."""
    packages = load_packages()
    assert all(package.licence in PERMISSIVE and len(package.sha256) == 64 for package in packages)
    assert {package.split for package in packages} == {"train", "tune", "test"}


def test_held_out_code_is_not_trained_on() -> None:
    """A function that a test package also holds is taken out of train."""
    splits = separate([pair("a", "same"), pair("a", "own"), pair("b", "same")], {"a": "train", "b": "test"})
    assert [p.key for p in splits["train"]] == ["own"]


def test_ambiguous_query_is_not_asked() -> None:
    """A docstring that two functions share has no one answer, so it is only a candidate."""
    pairs = [pair("a", "1"), pair("a", "2"), pair("a", "3", "close the gate")]
    [collection] = build_collections(pairs)
    assert collection.queries == ("close the gate",) and len(collection.candidates) == 3


def test_tie_counts_as_the_worst_rank() -> None:
    """An encoder that gives every candidate the same score gains nothing."""
    assert mean_reciprocal_rank(np.zeros((1, 4)), [0]) == 0.25


def test_split_words() -> None:
    """The symbol queries split names as the tokenizer does."""
    assert split_words("HTTPServerError.getUserById2") == "http server error get user by id 2"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("HTTPServerError", ["http", "server", "error"]),
        ("parse_config", ["parse", "config"]),
        ("getUserById2", ["get", "user", "by", "id", "2"]),
    ],
)
def test_shipped_tokenizer_splits_identifiers(text: str, tokens: list[str]) -> None:
    """The shipped tokenizer splits identifiers before it lowercases them."""
    assert read_model(ENCODER).tokenizer.encode(text, add_special_tokens=False).tokens == tokens


def test_shipped_encoder_fits_and_is_unit_norm() -> None:
    """The shipped directory stays under its size, and its vectors are unit norm in 256 dimensions."""
    assert sum(path.stat().st_size for path in ENCODER.rglob("*") if path.is_file()) < MAX_DIRECTORY_BYTES
    vectors = read_model(ENCODER).encode(["open the gate", "def open_gate(key): ..."])
    assert vectors.shape == (2, 256) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_length_of_a_text_is_not_cut() -> None:
    """The shipped tokenizer neither truncates nor pads."""
    tokenizer = read_model(ENCODER).tokenizer
    assert len(tokenizer.encode("gate " * 5000, add_special_tokens=False).ids) == 5000
