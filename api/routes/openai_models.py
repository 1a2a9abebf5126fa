"""``GET /v1/models``: the indexed repositories, each at each of its refs, as models that can be asked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ..callers import CurrentCaller
from ..openai.model_ids import list_models, unknown_model
from ..openai.schemas import Model, ModelList, OpenAIError
from ..state import State

router = APIRouter(prefix="/v1", tags=["openai"])

# All errors of /v1 have one form. Named by family, since with a 422 of its own FastAPI would describe another one.
ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": OpenAIError, "description": "The request cannot be answered"},
    "5XX": {"model": OpenAIError, "description": "The service or the model cannot answer"},
}


@router.get("/models", responses=ERRORS)
def models(state: State, caller: CurrentCaller) -> ModelList:
    """What can be asked: `quarry/<repository>`, `quarry/<repository>@<ref>` for each indexed ref, `quarry/all`."""
    return ModelList(data=list_models(state.settings.home, caller))


@router.get("/models/{model_id:path}", responses=ERRORS)
def model(state: State, caller: CurrentCaller, model_id: str) -> Model:
    """One model by its id, slashes and all."""
    home = state.settings.home
    for known in list_models(home, caller):
        if known.id == model_id:
            return known
    raise unknown_model(home, caller, model_id)
