"""``POST /v1/embeddings``: texts as vectors of the encoder that indexes are made with."""

from __future__ import annotations

import base64
from difflib import get_close_matches
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from indexer.embedding import Vectors, open_encoder
from indexer.words import has_half_characters

from ..callers import CurrentCaller
from ..openai.errors import BadRequest, ModelNotFound
from ..openai.schemas import EmbeddingList, EmbeddingRequest
from ..state import State
from .openai_models import ERRORS

router = APIRouter(prefix="/v1", tags=["openai"])

MAX_TEXTS = 2048  # of one request, as at OpenAI
_MAX_CHARACTERS = 2_000_000  # of all texts of one request: some seconds of the static encoder


@router.post("/embeddings", response_model=EmbeddingList, responses=ERRORS)
def embeddings(body: EmbeddingRequest, state: State, caller: CurrentCaller) -> JSONResponse:
    """One unit vector a text, in the same order. Texts are read whole; `model` is the encoder's name."""
    name = state.settings.encoder
    if body.model != name:
        hint = f"Did you mean {name}?" if get_close_matches(body.model, [name], cutoff=0.4) else f"It is {name} here."
        raise ModelNotFound(f"The encoder {body.model!r} is not the service's. {hint}")
    texts = _read_texts(body.input)
    encoder = open_encoder(name)
    if body.dimensions not in (None, encoder.dim):
        raise BadRequest(
            f"{name} has {encoder.dim} dimensions: leave dimensions out.", "dimensions", "unsupported_value"
        )
    vectors = encoder.encode(texts)
    n_tokens = encoder.count_tokens(texts)
    return JSONResponse(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in enumerate(_written(vectors, body.encoding_format))
            ],
            "model": body.model,
            "usage": {"prompt_tokens": n_tokens, "total_tokens": n_tokens},
        }
    )


def _read_texts(given: str | list[Any]) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not texts or len(texts) > MAX_TEXTS:
        raise BadRequest(f"input holds {len(texts)} texts: send 1 to {MAX_TEXTS}.", "input")
    for number, text in enumerate(texts):
        if isinstance(text, int | list):
            raise BadRequest("input holds tokens, and the encoder has others: send texts.", "input")
        if not isinstance(text, str) or not text:
            raise BadRequest(f"input.{number} is no text, or an empty one: leave it out.", "input")
        if has_half_characters(text):
            raise BadRequest(f"input.{number} is not UTF-8 text: write it again.", "input")
    if sum(len(text) for text in texts) > _MAX_CHARACTERS:
        raise BadRequest(f"input is longer than {_MAX_CHARACTERS:,} characters in all: send it in parts.", "input")
    return texts


def _written(vectors: Vectors, encoding_format: str | None) -> list[Any]:
    """The vectors as lists of numbers, or as the bytes of little-endian float32, which the official client asks for."""
    if encoding_format == "base64":
        return [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors]
    return [row.tolist() for row in vectors]
