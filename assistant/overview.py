"""Questions that no place in the code answers: about the whole project, of which its README speaks; and small talk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from indexer.home import OpenedIndex
from indexer.records import Hit

_N_CHUNKS = 3  # of a README: what it is, how it is run, how it is laid out, in most
_MAX_DEPTH = 1  # a README further down is about a part

_WHOLE = r"(?:project|repo(?:sitory)?|code ?base|code|package|library|framework|app(?:lication)?|tool|program|software)"
_THIS = rf"(?:this|the|that|your|our|my)(?: whole| entire)? {_WHOLE}"
_OVERVIEW = re.compile(
    rf"\bwhat (?:does|do|can|is|are) (?:{_THIS}|it|this)(?: (?:do|about|for|all about|good for|used for|actually do))?$"
    rf"|\bwhat(?:'s| is) (?:the (?:purpose|point|goal|aim|idea) of )?{_THIS}\b"
    rf"|\b(?:overview|summary|summari[sz]e|introduction|architecture|structure|layout) (?:of )?(?:{_THIS}|it|this)$"
    rf"|\b(?:describe|explain|introduce|summari[sz]e) (?:me )?(?:{_THIS}|this)$"
    rf"|\bhow (?:is|are) {_THIS} (?:organi[sz]ed|structured|laid out|built up|set up)\b"
    rf"|\bhow (?:do|can|would|should) (?:i|we|you|one) (?:install|set up|start|run|build|use|get started with) "
    rf"(?:{_THIS}|it|this)$"
    r"|^(?:give me )?(?:an? )?(?:overview|summary|introduction)$|^(?:how (?:do|can) i )?get(?:ting)? started$",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"(?:hi|hey|hello|good (?:morning|afternoon|evening)|thanks?(?: you)?|thank you(?: very much)?|thx|cheers|great"
    r"|nice|ok(?:ay)?|bye|goodbye|yes|no|who are you|what are you|what can you do|what can i ask(?: you)?|how are you"
    r"|help(?: me)?|test(?:ing)?|ping)(?: there| quarry| everyone| all| again| a lot| so much)?",
    re.IGNORECASE,
)


def asks_for_overview(question: str, repositories: Sequence[str] = ()) -> bool:
    """Whether ``question`` is about the whole of a project, also by the name of one of ``repositories``."""
    plain = _plain(question)
    for name in repositories:
        spelled = rf"(?<![\w-])(?<!this )(?<!the ){re.escape(name)}(?![\w-])"  # not "this project" of one of that name
        plain = re.sub(spelled, "this project", plain, flags=re.IGNORECASE)
    return _OVERVIEW.search(plain) is not None


def is_small_talk(question: str) -> bool:
    """Whether ``question`` is a greeting, thanks, or about the assistant itself."""
    return any(_SMALL_TALK.fullmatch(text) for text in (_strip(question), _plain(question)))


def find_readme(index: OpenedIndex) -> list[Hit]:
    """The head of the ref's README, the one nearest to the root, as hits; nothing if there is none."""
    readmes = [
        file
        for file in index.manifest.files
        if file.n_chunks and PurePosixPath(file.path).stem.lower() == "readme" and file.path.count("/") <= _MAX_DEPTH
    ]
    if not readmes:
        return []
    file = min(readmes, key=lambda file: (file.path.count("/"), not file.path.lower().endswith(".md"), file.path))
    positions = range(file.first_chunk, file.first_chunk + min(file.n_chunks, _N_CHUNKS))
    ref, commit = index.manifest.ref, index.manifest.commit
    return [
        Hit(
            repo=index.name,
            ref=ref,
            commit=commit,
            chunk=index.chunk_at(position),
            score=0.0,
            signals={"overview": 1.0},
        )
        for position in positions
    ]


def _strip(question: str) -> str:
    """Without what stands around the words."""
    return " ".join(question.split()).strip(" .!?…,:;`\"'")


def _plain(question: str) -> str:
    """Without politeness, too."""
    polite = r"^(?:please|hi|hey|hello|so|ok|and|can you|could you|tell me)[ ,]+"
    return re.sub(polite, "", _strip(question), flags=re.IGNORECASE).strip()
