"""The catalogue: names and near names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import UnknownModel
from assistant.models.catalogue import EMBEDDED_MODELS, find_model


@pytest.mark.parametrize("name", ["qwen2.5-coder-0.5b", "embedded/qwen2.5-coder-0.5b", "Qwen2.5-Coder-0.5B"])
def test_names_find_their_model(name):
    """A model is found by its name with and without its provider."""
    assert find_model(name).file_name == "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"


@pytest.mark.parametrize("name", ["qwen2.5-coder-1.6b", "embedded/qwen2.5-code-1.5b"])
def test_unknown_name_gets_near_names(name):
    """A misspelled name is answered with the nearest names, in one line."""
    with pytest.raises(UnknownModel, match=r"did you mean .*embedded/qwen2\.5-coder-1\.5b") as caught:
        find_model(name)
    assert "\n" not in str(caught.value)


def test_every_entry_can_be_fetched_and_verified():
    """Each entry has a whole checksum, a size, a licence and both kinds of source."""
    for model in EMBEDDED_MODELS.values():
        assert len(model.sha256) == 64 and model.n_bytes > 0 and model.licence
        assert model.huggingface_repo and model.parts


@pytest.mark.parametrize("module", ["catalogue", "download", "cli", "providers"])
def test_imports_stay_light(module):
    """The commands start without the clients, the engine or torch."""
    program = (
        f"import sys, assistant.models.{module}\n"
        "heavy = {'langchain_openai', 'langchain_ollama', 'langchain_core', 'torch', 'xllamacpp', 'openai'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_memory_of_a_token_is_what_the_file_says(gguf_metadata):
    """The catalogue's bytes of a token in the window follow from the model's own metadata."""
    head_size = gguf_metadata["qwen2.embedding_length"] // gguf_metadata["qwen2.attention.head_count"]
    values = gguf_metadata["qwen2.block_count"] * gguf_metadata["qwen2.attention.head_count_kv"] * head_size
    assert find_model("qwen2.5-coder-0.5b").kv_bytes_per_token == 2 * values * 2
