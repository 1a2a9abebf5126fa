"""Which provider and model are opened, the machine's limits, the vocabulary, and the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.errors import ModelMissing, UnknownModel
from assistant.models import machine, providers
from assistant.models.catalogue import find_model
from assistant.models.cli import models
from assistant.models.providers import choose_embedded, choose_slots, list_models, open_provider
from assistant.models.vocabulary import vocabulary_of_metadata
from assistant.settings import AssistantSettings

NO_OLLAMA = "http://127.0.0.1:9"
GIB = 1024**3


@pytest.mark.parametrize(
    ("n_cores", "free_bytes", "expected"),
    [
        (2, 7 * GIB // 2, "qwen2.5-coder-1.5b"),
        (2, None, "qwen2.5-coder-1.5b"),
        (64, 100 * GIB, "qwen2.5-coder-1.5b"),
        (2, 7 * GIB // 2 - 1, "qwen2.5-coder-0.5b"),
        (1, 100 * GIB, "qwen2.5-coder-0.5b"),
    ],
)
def test_auto_fits_the_machine(monkeypatch, n_cores, free_bytes, expected):
    """Two cores with what a machine of 4 GB tells of take 1.5B; less takes 0.5B."""
    monkeypatch.setattr(providers, "usable_cores", lambda: n_cores)
    monkeypatch.setattr(providers, "memory_bytes", lambda: free_bytes)
    assert choose_embedded().name == expected


@pytest.mark.parametrize(
    ("n_bytes", "name", "expected"),
    [
        (24 * GIB, "qwen2.5-coder-1.5b", 4),
        (4 * GIB, "qwen2.5-coder-1.5b", 2),
        (2 * GIB, "qwen2.5-coder-0.5b", 2),
        (1 * GIB, "qwen2.5-coder-0.5b", 1),
        (None, "qwen2.5-coder-0.5b", 1),
    ],
)
def test_slots_fit_the_memory(monkeypatch, n_bytes, name, expected):
    """As many answers at once as their windows take a quarter of the memory that the model leaves; four at most."""
    monkeypatch.setattr(providers, "memory_bytes", lambda: n_bytes)
    assert choose_slots(find_model(name), 8192) == expected


def test_auto_never_takes_another_model_silently(model_home, tmp_path, monkeypatch):
    """If the chosen model is not downloaded, the line to fetch it comes, though a smaller one is there."""
    monkeypatch.setattr(providers, "usable_cores", lambda: 2)
    monkeypatch.setattr(providers, "memory_bytes", lambda: 8 * GIB)
    for name in ("auto", "embedded"):
        with pytest.raises(ModelMissing, match=r"quarry models pull qwen2\.5-coder-1\.5b"):
            open_provider(AssistantSettings(home=tmp_path, ollama_url=NO_OLLAMA), name)


def test_auto_takes_the_embedded_engine_without_ollama(model_home, monkeypatch):
    """Without an Ollama, and on a small machine, auto opens 0.5B in our own engine."""
    monkeypatch.setattr(providers, "usable_cores", lambda: 1)
    provider = open_provider(AssistantSettings(home=model_home, ollama_url=NO_OLLAMA), "auto")
    assert provider.model == "embedded/qwen2.5-coder-0.5b"
    provider.close()


@pytest.mark.parametrize("name", ["quen2.5-coder-0.5b", "embedded/qwen2.5-coder-7b", "olama/qwen2.5-coder:7b"])
def test_unknown_names_get_near_names(tmp_path, name):
    """A name that nobody knows is answered with near ones in one line."""
    with pytest.raises(UnknownModel, match="did you mean") as caught:
        open_provider(AssistantSettings(home=tmp_path), name)
    assert "\n" not in str(caught.value)


def test_listing_marks_one_auto_and_what_is_here(model_home):
    """The list knows what is downloaded, and marks one model as auto's."""
    listings = list_models(AssistantSettings(home=model_home, ollama_url=NO_OLLAMA))
    states = {listing.name: listing.state for listing in listings}
    assert states["embedded/qwen2.5-coder-0.5b"] == "downloaded"
    assert sum(listing.is_auto for listing in listings) == 1


def test_machine_says_something_usable():
    """Cores are at least one, free cores no more than that."""
    assert 1 <= machine.free_cores() <= machine.usable_cores()


def test_memory_is_the_machines_unless_its_container_has_less(tmp_path, monkeypatch):
    """The kernel's figure in bytes, a container's limit where that is lower, None where neither is said."""
    monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert machine.memory_bytes() is None
    (tmp_path / "meminfo").write_text("MemFree:   100 kB\nMemTotal:   4000 kB\n")
    for limit, expected in (("max\n", 4_096_000), ("9000000\n", 4_096_000), ("2000000\n", 2_000_000)):
        (tmp_path / "memory.max").write_text(limit)
        assert machine.memory_bytes() == expected


def test_containers_quota_limits_the_cores(tmp_path, monkeypatch):
    """A container's CPU quota counts, not the host's cores."""
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert machine.usable_cores() == 1


def test_vocabulary_counts_like_the_engine(gguf_metadata, embedded):
    """Over this package's own sources the vocabulary counts as the engine does, file by file."""
    vocabulary = vocabulary_of_metadata(gguf_metadata)
    for path in sorted(Path(providers.__file__).parent.glob("*.py")):
        text = path.read_text()
        assert vocabulary.count(text) == embedded.count_text(text).n_tokens, path.name


@pytest.mark.parametrize("change", [{"tokenizer.ggml.pre": "llama-bpe"}, {"tokenizer.ggml.merges": []}])
def test_other_vocabularies_are_not_guessed(gguf_metadata, change):
    """Metadata of another kind, or without its lists, gives no vocabulary."""
    assert vocabulary_of_metadata({**gguf_metadata, **change}) is None


def test_command_lists_as_text_and_json(model_home, monkeypatch):
    """`quarry models` prints a table, and with --json the same as data."""
    monkeypatch.setenv("QUARRY_HOME", str(model_home))
    monkeypatch.setenv("QUARRY_OLLAMA_URL", NO_OLLAMA)
    table = CliRunner().invoke(models, [])
    assert table.exit_code == 0 and "embedded/qwen2.5-coder-0.5b" in table.output
    listed = json.loads(CliRunner().invoke(models, ["--json"]).output)
    assert {"name", "state", "n_bytes", "licence", "is_auto"} == set(listed[0])


def test_command_pulls_and_says_where(model_home, monkeypatch):
    """`quarry models pull` ends with the path of the verified file."""
    monkeypatch.setenv("QUARRY_HOME", str(model_home))
    done = CliRunner().invoke(models, ["pull", "qwen2.5-coder-0.5b"])
    assert done.exit_code == 0 and "SHA-256 verified" in done.output and str(model_home) in done.output


def test_command_refuses_an_unknown_name():
    """`quarry models pull` of an unknown name raises the error that the top level prints."""
    done = CliRunner().invoke(models, ["pull", "qwen2.5-coder-9b"])
    assert isinstance(done.exception, UnknownModel)
