"""What a repository defines and where it is mentioned, as records. Lines are 1-based and inclusive."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from indexer.definitions import FUNCTIONS

from .nodes import Member
from .signatures import Parameter

_TYPES = frozenset(
    "class struct interface trait enum union record object protocol module actor annotation concept type".split()
)
_NAMED_ELSEWHERE = frozenset("impl extension signature instance namespace test".split())


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. ``head_line`` is the line with its name.

    ``parameters`` is None where one of them is no plain name, or there are several definitions in one. ``thrown`` has
    None for what cannot be named. ``value`` is the source of a constant's literal. ``doc`` is its comment's first
    sentence. ``is_local``: defined inside a function.
    """

    path: str
    language: str
    name: str
    kind: str
    head_line: int
    start_line: int
    end_line: int
    is_local: bool
    parameters: Sequence[Parameter] | None = None
    has_rest: bool = False
    returns: str = ""
    bases: Sequence[str] = ()
    n_bases: int = 0
    members: Sequence[Member] = ()
    thrown: Sequence[Member | None] = ()
    environment: Sequence[Member] = ()
    calls: frozenset[str] = frozenset()
    value: str = ""
    doc: str = ""

    @property
    def last_name(self) -> str:
        """The name as it is defined, without what is around it."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The class or module around it, or an empty string."""
        return self.name.rpartition(".")[0]

    @property
    def is_function(self) -> bool:
        """Whether it can be called by its name; classes do not count."""
        return self.kind in FUNCTIONS

    @property
    def is_type(self) -> bool:
        """Whether it is a class or what a language has in its place."""
        return self.kind in _TYPES

    @property
    def has_own_name(self) -> bool:
        """Whether the name is defined here: an ``impl`` or an extension is about one that is defined elsewhere."""
        return self.kind not in _NAMED_ELSEWHERE


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where an identifier stands. ``within`` is the function around it, None outside and in closures."""

    path: str
    line: int
    within: str | None
    is_call: bool
    receiver: str


@dataclass(slots=True)
class Outline:
    """All symbols of a repository, and where each name is mentioned, tests included."""

    symbols: list[Symbol] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    last_names: Counter[str] = field(default_factory=Counter)
    mentions: dict[str, list[Mention]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[str, str] = field(default_factory=dict)
    _by_name: dict[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """The one symbol of a dotted name, None where there is none or are several."""
        if not self._by_name:
            for symbol in self.symbols:
                if symbol.has_own_name:
                    self._by_name[symbol.name] = symbol
        return self._by_name.get(name) if self.names[name] == 1 else None

    def is_unique(self, name: str) -> bool:
        """Whether a dotted name means one thing in the repository. A bare one may not be a member's name either."""
        return self.names[name] == 1 and ("." in name or self.last_names[name] == 1)
