"""Grounding without a model: true statements have to be cited on the answer's lines, false ones not at all.

    python -m eval.probes --repo PATH [--limit N] [--false N]

For each harvested question whose answer is among the retrieved passages, its answer is put as a statement, and so are
wrong answers that stand in the same passages: the hardest kind of wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from assistant.context import pack_context
from assistant.grounding.grounder import Grounder, IndexedCode
from assistant.grounding.terms import CONSTANTS, IDENTIFIER, NUMBER, STRING
from assistant.records import Citation, Passage, TokenCount
from assistant.search import Searcher, SearchOptions
from assistant.settings import AssistantSettings
from assistant.targets import Target
from eval.tables import count_noun
from eval.tasks.questions.grounding import judge_citation
from eval.tasks.questions.records import KINDS, Kind, Question
from eval.tasks.questions.scoring import same_name, same_value
from indexer.home import check_name
from indexer.repository import default_name, open_source

from .python_questions import choose_questions
from .sources import index_repository, pin_context, read_python_files
from .tables import to_table

_BYTES_A_TOKEN = 4  # as in the retrieval task: no model's vocabulary decides what fits
_K = 10
STATEMENTS: dict[Kind, str] = {
    "default": "The default value of the parameter `{detail}` of `{symbol}` is `{answer}`.",
    "constant": "The value of the constant `{symbol}` is `{answer}`.",
    "raises": "`{symbol}` raises `{answer}`.",
    "base": "`{symbol}` inherits from `{answer}`.",
    "caller": "`{symbol}` is called by `{answer}`.",
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One statement and the citations that it got; ``n_on_answer`` of them overlap the answer's lines."""

    kind: Kind
    is_true: bool
    statement: str
    n_citations: int
    n_on_answer: int


def probe_question(
    question: Question, passages: Sequence[Passage], code: IndexedCode, n_false: int, seed: int
) -> Iterator[Probe]:
    """The true statement, then up to ``n_false`` false ones."""
    wrong = wrong_answers(question, passages)
    random.Random(f"{seed} {question.id}").shuffle(wrong)
    for answer, is_true in [(question.answer, True), *((each, False) for each in wrong[:n_false])]:
        statement = STATEMENTS[question.kind].format(symbol=question.symbol, detail=question.detail, answer=answer)
        grounder = Grounder(passages, question.text, code.holds)
        found = [item for item in (*grounder.feed(statement), *grounder.finish()) if isinstance(item, Citation)]
        n_on_answer = sum(judge_citation(citation, passages, question).on_answer for citation in found)
        yield Probe(question.kind, is_true, statement, len(found), n_on_answer)


def wrong_answers(question: Question, passages: Sequence[Passage]) -> list[str]:
    """What could be an answer of this kind, stands in the passages, and is none; sorted."""
    text = "\n".join(passage.text for passage in passages)
    accepted = (question.answer, *question.accepted)
    if question.kind in ("default", "constant"):
        found = {*NUMBER.findall(text), *(match[0] for match in STRING.finditer(text) if "`" not in match[0])}
        found |= CONSTANTS & set(IDENTIFIER.findall(text)) & {"None", "True", "False"}
        return sorted(v for v in found if len(v) < 40 and not any(same_value(v, each) for each in accepted))
    if question.kind == "caller":
        names = set(re.findall(r"\bdef\s+(\w+)", text))
    else:
        names = set(re.findall(r"\b[A-Z][a-z]\w+\b", text))
    asked = set(IDENTIFIER.findall(question.symbol))
    return sorted(name for name in names - asked if not any(same_name(name, each) for each in accepted))


def probe_repository(repo: str, settings: AssistantSettings, limit: int | None, n_false: int) -> list[Probe]:
    """Index ``repo``, make questions, retrieve as the assistant does, and probe those whose answer is retrieved."""
    settings = pin_context(settings)
    assert settings.context_tokens is not None
    source = open_source(repo, clones=settings.home / "clones")
    python = read_python_files(source, settings.max_file_bytes)
    questions = choose_questions(python.files, source.origin, limit=limit, seed=0)
    if limit is not None and len(questions) < limit:
        click.echo(
            f"note: {count_noun(len(questions), 'question')} can be asked, of {limit} that were wanted", err=True
        )
    name = check_name(default_name(repo))
    index_repository(source, name, settings)
    searcher = Searcher(settings.home)
    code = IndexedCode(searcher, [Target(name, source.ref)])
    probes: list[Probe] = []
    for question in questions:
        hits = searcher.search(name, question.text, k=_K, ref=source.ref, options=SearchOptions(for_context=True)).hits
        passages = pack_context(hits, settings.context_tokens, _count_tokens).passages
        if any(_shows(passage, question) for passage in passages):
            probes.extend(probe_question(question, passages, code, n_false, 0))
    return probes


def _count_tokens(text: str) -> TokenCount:
    return TokenCount(-(-len(text.encode()) // _BYTES_A_TOKEN), exact=False)


def _shows(passage: Passage, question: Question) -> bool:
    lines = [passage.line_at(index) for index in range(passage.text.count("\n") + 1)]
    on_lines = any(line is not None and question.start_line <= line <= question.end_line for line in lines)
    return passage.path == question.path and on_lines


def to_report(probes: Sequence[Probe]) -> str:
    """Per kind: how many true statements are cited on the answer's lines, or elsewhere, and how many false ones."""
    rows = []
    for kind in (*KINDS, None):
        true = [probe for probe in probes if probe.is_true and kind in (None, probe.kind)]
        false = [probe for probe in probes if not probe.is_true and kind in (None, probe.kind)]
        n_right = sum(probe.n_on_answer > 0 for probe in true)
        n_elsewhere = sum(probe.n_citations > 0 and probe.n_on_answer == 0 for probe in true)
        n_cited = sum(probe.n_citations > 0 for probe in false)
        rows.append(
            [kind or "all", _share(n_right, len(true)), _share(n_elsewhere, len(true)), _share(n_cited, len(false))]
        )
    return to_table(["kind", "true: cited on the answer's lines", "true: cited elsewhere", "false: cited"], rows)


def _share(n: int, of: int) -> str:
    return f"{n / of:.3f} ({n} of {of})" if of else "-"


@click.command()
@click.option("--repo", required=True, metavar="PATH", help="The repository that questions are made from.")
@click.option("--limit", type=click.IntRange(1), help="Number of questions; by default 60, or all if there are fewer.")
@click.option("--false", "n_false", default=3, show_default=True, help="False statements for each question.")
@click.option("--details", is_flag=True, help="Print the statements that went wrong.")
def main(repo: str, limit: int | None, n_false: int, details: bool) -> None:
    """Probe grounding with true and false statements."""
    probes = probe_repository(repo, AssistantSettings(), limit, n_false)
    if details:
        for probe in probes:
            if probe.is_true != (probe.n_on_answer > 0) and (probe.is_true or probe.n_citations):
                click.echo(f"{'missed' if probe.is_true else 'false'}  {probe.statement}")
    click.echo(to_report(probes))


if __name__ == "__main__":
    main()
