"""Errors of the client libraries as one clear line. Called in an ``except`` around a stream."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.errors import ModelError, ModelUnavailable

if TYPE_CHECKING:
    from assistant.models.providers import Provider


def explain_model_error(error: Exception, provider: Provider) -> ModelError:
    """What ``error``, raised while ``provider``'s model was asked, means to the user.

    Use it as ``raise explain_model_error(error, provider) from error``. A ``ModelError`` is returned as it is.
    """
    if isinstance(error, ModelError):
        return error
    kind, _, name = provider.model.partition("/")
    statuses = [status for cause in _causes(error) if isinstance(status := _status_of(cause), int)]
    status = statuses[0] if statuses else None
    detail = _first_line(error)
    if status == 404 and kind == "ollama":
        from assistant.models.ollama_server import ollama_model_missing

        return ollama_model_missing(name)
    if status in (401, 403):
        what_to_do = "set QUARRY_OPENAI_API_KEY to the one that it asks for" if kind == "openai" else "open it again"
        return ModelUnavailable(f"the server of {provider.model} refuses the key: {what_to_do}")
    if status is not None:
        return ModelUnavailable(f"the server of {provider.model} answers with an error ({status}): {detail}")
    untrusted = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return ModelUnavailable(
            f"the certificate of the server of {provider.model} is not trusted ({_first_line(untrusted)}): set "
            "SSL_CERT_FILE to a file with that of its authority"
        )
    names = {cause_type.__name__ for cause in _causes(error) for cause_type in type(cause).__mro__}
    if names & {"ConnectError", "ConnectTimeout", "ConnectionRefusedError"}:
        return ModelUnavailable(f"the server of {provider.model} does not answer: {_remedies(kind)}")
    if names & {"TimeoutException", "APITimeoutError", "TimeoutError"}:
        return ModelUnavailable(f"{provider.model} took too long to answer: ask for less, or use a smaller model")
    return ModelUnavailable(f"{provider.model} stopped in mid-answer ({detail}): {_remedies(kind)}")


def _remedies(kind: str) -> str:
    return {
        "ollama": "see that `ollama serve` runs (QUARRY_OLLAMA_URL says where), and ask again",
        "openai": "see that it runs (QUARRY_OPENAI_URL says where), and ask again",
    }.get(kind, "ask again, and the engine is started anew")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status_of(error: BaseException) -> int | None:
    """The HTTP status that openai's and ollama's errors carry; ollama says -1 for an error inside a stream."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status > 0 else None


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]
