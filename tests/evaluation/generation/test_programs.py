"""Test programs in the sandbox: right answers pass in every language, wrong and broken ones fail with their reason."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.cases import Score
from eval.sandbox import Limits, Outcome, Sandbox
from eval.tasks.extraction import parses
from eval.tasks.generation.catalogue import Problem
from eval.tasks.generation.dialects import DIALECTS, literal, signature, type_in, uses_regex
from eval.tasks.generation.probing import why_missing
from eval.tasks.generation.programs import write_program
from eval.tasks.generation.running import read_report
from eval.tasks.generation.task import GenerationScorer, make_case
from eval.tasks.generation.toolchains import describe_tools, find_toolchain

SOLUTIONS = Path(__file__).parent / "solutions"
SUFFIXES = {"javascript": "js", "java": "java", "go": "go", "rust": "rs", "cpp": "cpp"}
RUNS = "def write_runs(text):\n"


def judge(sandbox: Sandbox, problem: Problem, language: str, code: str, tag: str | None = None) -> Score:
    """The score of an answer that holds ``code`` in a fence."""
    scorer = GenerationScorer(sandbox)
    return scorer.score(make_case(problem, language), f"```{language if tag is None else tag}\n{code}\n```")


@pytest.mark.parametrize("language", SUFFIXES)
def test_right_answers_pass(sandbox: Sandbox, problems: dict[str, Problem], language: str) -> None:
    """With or without a class, an export or a package, and with a main that does not compile; maps and lists alike."""
    if find_toolchain(language) is None:
        pytest.skip(f"{language} is not installed")
    for path in sorted(SOLUTIONS.glob(f"*.{SUFFIXES[language]}")):
        score = judge(sandbox, problems[path.stem], language, path.read_text())
        assert score.verdict == "correct", score.explanation
        assert score.measures == {"asked_language": 1.0, "passed_share": 1.0}


GO_WITH_MAIN = """package main

import {}

func CountByInitial(words []string, shortest int) map[string]int {{
	counts := map[string]int{{}}
	for _, word := range words {{
		if word != "" && len(word) >= shortest {{
			counts[text.ToLower(word[:1])]++
		}}
	}}
	return counts
}}

func main() {{
	fmt.Println(CountByInitial([]string{{"ada", "bob"}}, 1), text.ToUpper("done"))
}}
"""


def test_go_imports_that_only_main_uses_do_not_decide(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """The usual Go answer prints an example in its main: what is left without it compiles."""
    if find_toolchain("go") is None:
        pytest.skip("go is not installed")
    for imports in ('(\n\t"fmt"\n\ttext "strings"\n)', '"fmt"\nimport text "strings"'):
        score = judge(sandbox, problems["initials"], "go", GO_WITH_MAIN.format(imports))
        assert score.verdict == "correct", score.explanation
    needless = GO_WITH_MAIN.format('("fmt"; "os"; text "strings")')
    assert "imported and not used" in judge(sandbox, problems["initials"], "go", needless).explanation


def test_go_imports_are_blanked_without_a_compiler(problems: dict[str, Problem]) -> None:
    """Of one import the name of which only main uses, its path stays; what the function uses stays as it is."""
    for imports in ('(\n\t"fmt"\n\ttext "strings"\n)', '"fmt"\nimport text "strings"', '(f "fmt"; text "strings")'):
        code = GO_WITH_MAIN.format(imports).replace("fmt.Println", "f.Println" if '(f "' in imports else "fmt.Println")
        written = write_program(problems["initials"], "go", code, [], "m")["solution.go"]
        assert '_ "fmt"' in written and 'text "strings"' in written and "func main" not in written


def test_examples_behind_a_python_function_do_not_decide(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """One with a mistake is the example's, not the function's."""
    problem = problems["short-runs"]
    code = f"{problem.reference}\nassert {problem.name}('aab') == 'no'\nprint({problem.name}('aab'))\n"
    score = judge(sandbox, problem, "python", code)
    assert score.verdict == "correct", score.explanation


JS_EXPORTS = [
    "function countByInitial(words) {{ return {{}}; }}\n\nexport {{\n  countByInitial,\n}};\n",
    "export default function countByInitial(words) {{ return {{}}; }}\n",
    "export const countByInitial = (words) => ({{}});\n",
    "export class Words {{}}\nconst countByInitial = (words) => ({{}});\nexport default countByInitial;\n",
]


@pytest.mark.parametrize("code", JS_EXPORTS)
def test_exports_of_javascript_are_only_declared(problems: dict[str, Problem], code: str) -> None:
    """Over one line or several, with a name of its own or of what stands above."""
    (written,) = write_program(problems["initials"], "javascript", code.format(), [], "m").values()
    answer = written.partition("\n;{\n")[0]
    assert "export" not in answer and "countByInitial" in answer and parses(answer, "javascript")


def test_a_package_of_java_is_left_out(problems: dict[str, Problem]) -> None:
    """The class lies beside the check, in no package."""
    code = "package com.example;\n\nimport java.util.Map;\n\npublic class Solution {\n    static Map<String, Integer> "
    code += "countByInitial(List<String> words, int shortest) { return null; }\n}\n"
    written = write_program(problems["initials"], "java", code, [], "m")["Solution.java"]
    assert "package" not in written and written.startswith("import java.util.*;") and "import java.util.Map;" in written


def test_stub_runs_and_fails(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """A stub is called, and passes only the checks that it happens to meet."""
    score = judge(sandbox, problems["short-runs"], "python", RUNS + "    return text")
    assert score.verdict == "wrong" and "check 0: wrong" in score.explanation
    assert 0 < score.measures["passed_share"] < 0.7


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    return ''", "check 0: wrong ''"),
        ("    while True: pass", "timed out after 2 s in check 0"),
        ("    raise ValueError('no')", "check 0: wrong 'ValueError: no'"),
        ("    import os; os._exit(0)", "ended before the first check with code 0"),
        ("    return text +", "ended before the first check with code 1: SyntaxError"),
        ("    return {text}", "not JSON serializable"),
        ("    print('check-0 ok'); return 1", "check 0: wrong 1"),
    ],
    ids="wrong endless raises exits broken set prints".split(),
)
def test_wrong_answers_say_why(
    sandbox: Sandbox, problems: dict[str, Problem], body: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the code does, it is wrong with a reason, never an error of ours."""
    if "while" in body:
        monkeypatch.setattr("eval.tasks.generation.running.LIMITS", Limits(seconds=2))
    score = judge(sandbox, problems["short-runs"], "python", RUNS + body)
    assert score.verdict == "wrong" and reason in score.explanation


def test_house_library_is_there(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """A reference that uses it passes; a guess at the house's rounding does not."""
    problem = problems["split-bill"]
    assert judge(sandbox, problem, "python", problem.reference).verdict == "correct"
    guess = "def split_bill(bill, people):\n    value, currency = bill.split()\n"
    guess += "    return [f'{currency} {float(value) / people:.2f}'] * people\n"
    assert judge(sandbox, problem, "python", guess).verdict == "wrong"


def test_the_same_answer_gets_the_same_score(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """No name of a folder that is another one each time stands in the reason."""
    code = "from saltquay import nothing\n\n" + RUNS + "    return text"
    first, second = (judge(sandbox, problems["short-runs"], "python", code) for _ in range(2))
    assert first == second and "cannot import name 'nothing'" in first.explanation


def test_another_language_than_asked_is_recorded(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """Python in place of JavaScript is wrong, and the measure says why."""
    score = judge(sandbox, problems["short-runs"], "javascript", problems["short-runs"].reference, "python")
    assert score.verdict == "wrong" and score.measures["asked_language"] == 0.0


@pytest.mark.parametrize("text", ["", "I cannot do that.", "```python\n```"])
def test_no_code_is_unanswered(sandbox: Sandbox, problems: dict[str, Problem], text: str) -> None:
    """Nothing and prose are no answer, which is not a wrong one."""
    score = GenerationScorer(sandbox).score(make_case(problems["short-runs"], "python"), text)
    assert score.verdict == "unanswered" and score.measures["asked_language"] == 0.0


@pytest.mark.parametrize("language", ["python", "javascript", "go"])
def test_probe_passes_where_the_tools_are(sandbox: Sandbox, language: str) -> None:
    """A language that is here works in the sandbox; one that is not is said to be missing."""
    expected = None if find_toolchain(language) is not None else "its tools are not installed"
    assert why_missing(language, sandbox) == expected


@pytest.mark.parametrize("language", ["python", *SUFFIXES])
def test_tools_say_their_release(language: str) -> None:
    """In one line with a number, for every language that can be run here."""
    said = describe_tools(language)
    assert (find_toolchain(language) is None) == (said == "")
    assert "\n" not in said and (not said or re.search(r"\d+\.\d+", said))


def test_what_is_no_program_has_no_tools() -> None:
    """JSON is data, and a language that nothing is asked in is none of ours."""
    assert describe_tools("json") == describe_tools("") == ""


def test_tools_that_do_not_work_in_the_sandbox_are_missing() -> None:
    """What is on the machine but not in a container is no fault of an answer."""

    class WithoutTools:
        name = "empty container"

        def run(self, command: Sequence[str], *_: object, **__: object) -> Outcome:
            return Outcome("exited", 127, "", f"{command[0]}: not found", 0.1)

    assert "not found" in (why_missing("python", WithoutTools()) or "")


def test_report_counts_only_checks_that_were_made() -> None:
    """A program that ends early has not passed what it did not come to; other output does not count."""
    stdout = "m 0 ok\nnoise\nx m 1 ok\nm 1 ok\nm 7 ok\n"
    report = read_report(Outcome("exited", 0, stdout, "", 0.1), "m", 3)
    assert not report.passed and report.n_passed == 2
    assert read_report(Outcome("exited", 0, "m 0 ok\nm done\n", "", 0.1), "m", 1).passed
    assert not read_report(Outcome("exited", 0, "m done\n", "", 0.1), "m", 1).passed


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("python", "def join_shifts(shifts: list[list[int]]) -> list[list[int]]:"),
        ("javascript", "function joinShifts(shifts)"),
        ("java", "public static List<List<Integer>> joinShifts(List<List<Integer>> shifts)"),
        ("go", "func JoinShifts(shifts [][]int) [][]int"),
        ("rust", "pub fn join_shifts(shifts: &[Vec<i64>]) -> Vec<Vec<i64>>"),
        ("cpp", "std::vector<std::vector<int>> join_shifts(const std::vector<std::vector<int>>& shifts)"),
    ],
)
def test_signatures_are_those_of_the_language(problems: dict[str, Problem], language: str, expected: str) -> None:
    """Names and types are written as the language writes them, and stand in the prompt."""
    assert signature(problems["join-shifts"], language) == expected
    assert expected in make_case(problems["join-shifts"], language).prompt
    assert DIALECTS[language].title in make_case(problems["join-shifts"], language).prompt


def test_values_are_those_of_the_language() -> None:
    """Nested lists and maps, empty ones too."""
    assert literal([["a"], []], "list[list[string]]", "rust") == 'vec![vec!["a".to_string()], vec![]]'
    assert literal([["a"]], "list[list[string]]", "java") == 'Check.<List<String>>list(Check.<String>list("a"))'
    assert literal({"a": 1}, "map[string,int]", "go") == 'map[string]int{"a": 1}'
    assert literal([True], "list[bool]", "cpp") == "std::vector<bool>{true}"
    assert type_in("map[string,list[int]]", "java") == "Map<String, List<Integer>>"


REGEX_ANSWERS = [
    ("python", "import re\n\ndef pattern_covers(text, pattern):\n    return bool(re.fullmatch(pattern, text))"),
    ("python", "from re import fullmatch as f\n\ndef pattern_covers(text, pattern):\n    return f(pattern, text)"),
    ("python", "def pattern_covers(text, pattern):\n    import functools, re\n    return re.fullmatch(pattern, text)"),
    ("python", "def pattern_covers(text, pattern):\n    return __import__('re').fullmatch(pattern, text)"),
    ("python", "from re import *\n\ndef pattern_covers(text, pattern):\n    return fullmatch(pattern, text)"),
    ("python", "import re\n\ndef pattern_covers(text, pattern:\n    return re.fullmatch(pattern, text)"),
    ("java", "boolean f() { return java.util.regex.Pattern.matches(p, t); }"),
    ("javascript", "function patternCovers(text, pattern) { return new RegExp(`^${pattern}$`).test(text); }"),
    ("javascript", "const patternCovers = (text, pattern) => text.match('^' + pattern + '$') !== null;"),
    ("javascript", "function patternCovers(text, pattern) { return /^a*$/.test(text); }"),
    ("java", "import java.util.regex.Pattern;\nclass Solution { boolean f() { return Pattern.matches(p, t); } }"),
    ("java", "static boolean patternCovers(String text, String pattern) { return text.matches(pattern.trim()); }"),
    ("go", 'package main\n\nimport (\n\t"regexp"\n)\n'),
    ("rust", "use regex::Regex;\n"),
    ("cpp", "#include <regex>\n"),
    ("cpp", "#include <bits/stdc++.h>\nbool f(std::string t, std::string p) { return regex_match(t, std::regex(p)); }"),
]
OWN_ANSWERS = [
    ("python", "# import re is not allowed\nfrom functools import reduce, lru_cache\ndef match(text, pattern): pass"),
    ("python", "import re\nimport sys\n\ndef match(text, pattern):\n    return not text or match(text[1:], pattern)"),
    ("java", "import java.util.regex.*;\nimport java.util.*;\nclass Solution { boolean f(int i) { return g(i); } }"),
    ("javascript", "// no RegExp\nfunction match(i, j) { return rest.match(i, j) || this.search(); }"),
    ("java", "/* no java.util.regex */ boolean matches(int i, int j) { return Solution.matches(i + 1, j); }"),
    ("go", '// no "regexp"\nfunc match(i int, j int) bool { return strings.HasPrefix(text, pattern) }'),
    ("rust", "// regex::Regex\nfn regex_covers(text: &str) -> bool { true }"),
    ("cpp", "// <regex>\nbool regex_match(int i, int j) { return regexAt(i) && j; }"),
]


@pytest.mark.parametrize(("language", "code"), REGEX_ANSWERS)
def test_a_library_of_regular_expressions_is_told(language: str, code: str) -> None:
    """By what imports or calls it, in every language."""
    assert uses_regex(code, language)


@pytest.mark.parametrize(("language", "code"), OWN_ANSWERS)
def test_matching_of_its_own_is_none(language: str, code: str) -> None:
    """Comments that speak of it, and functions of the answer's own by such names, are no library."""
    assert not uses_regex(code, language)


def test_regular_expressions_are_wrong_where_they_are_forbidden(sandbox: Sandbox, problems: dict[str, Problem]) -> None:
    """Also where every check would pass; elsewhere they may be used."""
    problem = problems["pattern-star"]
    score = judge(sandbox, problem, "python", problem.brute)
    assert score.verdict == "wrong" and "regular expressions" in score.explanation
    assert judge(sandbox, problem, "python", problem.reference).verdict == "correct"
    allowed = dataclasses.replace(problem, without_regex=False)
    scorer = GenerationScorer(sandbox)
    scorer._problems[problem.id] = allowed
    assert scorer.score(make_case(allowed, "python"), f"```python\n{problem.brute}\n```").verdict == "correct"
    for each in problems.values():
        assert each.without_regex == ("regular expressions" in each.statement)
