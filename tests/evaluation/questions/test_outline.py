"""What is read out of the syntax trees of each language, on a few lines of every one."""

from __future__ import annotations

import pytest

from eval.tasks.questions.outline import read_outline
from eval.tasks.questions.symbols import Outline, Symbol

SOURCES = {
    "gate.py": '''
class Gate(Barrier):
    """Keeps the cows in."""

    def swing(self, angle: int, *, slowly=False, **more) -> float:
        raise Jammed
''',
    "gate.js": """
const HINGES = 7;
class Gate extends Barrier { swing(angle, slowly = false) { throw new Jammed("x"); } }
""",
    "gate.ts": """
const HINGES: number = 7;
// Keeps the cows in.
export abstract class Gate extends Barrier { swing(angle: number, slowly = false): Arc { throw new Jammed(); } }
enum Wood { Oak, Elm, Ash = 'ash' }
""",
    "gate.go": """
package farm
const Hinges = 7
type Gate struct{}
// Swing opens it.
func (g *Gate) Swing(angle, slowly int) (Arc, error) { return os.Getenv("FARM_HOME") }
""",
    "gate.rs": """
const HINGES: usize = 7;
struct Gate;
impl Gate { /// Opens it.
    fn swing(&self, angle: u8, slowly: bool) -> Arc { todo!() } }
enum Wood { Oak, Elm(u8), Ash }
""",
    "Gate.java": """
class Gate extends Barrier implements Shut {
    static final int HINGES = 7;
    Arc swing(final int angle, boolean slowly) throws IOException { throw new Jammed("x"); }
    enum Wood { OAK, ELM(1), ASH }
}
""",
    "gate.c": """
#define HINGES 7
static const struct arc *swing(const char *angle, int slowly) { return getenv("FARM_HOME"); }
enum wood { OAK, ELM = 2, ASH };
""",
    "gate.cpp": """
class Gate : public Barrier { static constexpr int HINGES = 7; };
Arc Gate::swing(int angle, bool slowly = false) { throw Jammed("x"); }
""",
    "gate.cs": """
class Gate : Barrier {
    const int Hinges = 7;
    Arc Swing(int angle, bool slowly = false) { throw new Jammed("x"); }
}
enum Wood { Oak, Elm = 2, Ash }
""",
    "gate.rb": """
class Gate < Barrier
  HINGES = 7
  # Opens it.
  def swing(angle, slowly = false)
    raise Jammed, "stuck"
  end
end
""",
    "gate.php": """<?php
class Gate extends Barrier {
    const HINGES = 7;
    function swing(int $angle, bool $slowly = false): Arc { throw new Jammed("x"); }
}
enum Wood: string { case Oak = 'o'; case Elm = 'e'; case Ash = 'a'; }
""",
    "gate.kt": """
const val HINGES = 7
open class Gate : Barrier() {
    fun swing(angle: Int, slowly: Boolean = false): Arc { throw Jammed("x") }
}
enum class Wood { OAK, ELM, ASH }
""",
    "gate.scala": """
class Gate extends Barrier { def swing(angle: Int, slowly: Boolean = false): Arc = throw new Jammed("x") }
object Farm { val Hinges = 7 }
""",
    "gate.swift": """
class Gate: Barrier {
    static let hinges = 7
    func swing(angle: Int, slowly: Bool = false) -> Arc { throw Jammed.stuck }
}
enum Wood { case oak, elm, ash }
""",
    "gate.lua": "local HINGES = 7\nlocal function swing(angle, slowly) end\n",
    "gate.ex": """
defmodule Gate do
  @hinges 7
  def swing(angle, slowly \\\\ false) do
    raise Jammed, "stuck"
  end
end
""",
    "gate.hs": "swing angle slowly = 1\nhinges = 7\ndata Wood = Oak | Elm | Ash\n",
    "gate.zig": "const hinges: usize = 7;\nfn swing(angle: u8, slowly: bool) Arc { return 1; }\n",
    "gate.sh": "HINGES=7\nswing() { echo 1; }\n",
}


def symbols_of(path: str) -> list[Symbol]:
    """The symbols of one of the sources."""
    return read_outline([(path, SOURCES[path])]).symbols


def find(path: str, last_name: str) -> Symbol:
    """The one symbol of a name, in any capitals."""
    found = [s for s in symbols_of(path) if s.last_name.lower() == last_name and s.kind != "signature"]
    assert len(found) == 1, [symbol.name for symbol in symbols_of(path)]
    return found[0]


@pytest.mark.parametrize("path", [path for path in SOURCES if path != "gate.py"])
def test_a_constant_is_found_with_its_value(path: str) -> None:
    """In every language a constant's literal is read as it is written."""
    assert find(path, "hinges").value == "7"


@pytest.mark.parametrize("path", [path for path in SOURCES if path != "gate.sh"])
def test_parameters_are_named_in_order_without_the_receiver(path: str) -> None:
    """`self` and the like are no parameters that one asks about."""
    assert [each.name for each in find(path, "swing").parameters or ()] == ["angle", "slowly"]


@pytest.mark.parametrize(
    "path",
    "gate.py gate.js gate.ts gate.cpp gate.cs gate.rb gate.php gate.kt gate.scala gate.swift gate.ex".split(),
)
def test_a_default_is_read_as_it_is_written(path: str) -> None:
    """The first parameter has none, the second has a literal."""
    defaults = [each.default for each in find(path, "swing").parameters or ()]
    assert (defaults[0], defaults[1].lower()) == ("", "false")


@pytest.mark.parametrize(
    ("path", "returns"),
    [
        ("gate.py", "float"),
        ("gate.ts", "Arc"),
        ("gate.go", "(Arc, error)"),
        ("gate.rs", "Arc"),
        ("Gate.java", "Arc"),
        ("gate.c", "const struct arc *"),
        ("gate.cpp", "Arc"),
        ("gate.cs", "Arc"),
        ("gate.php", "Arc"),
        ("gate.kt", "Arc"),
        ("gate.scala", "Arc"),
        ("gate.swift", "Arc"),
        ("gate.zig", "Arc"),
        ("gate.js", ""),
        ("gate.rb", ""),
    ],
)
def test_a_declared_return_type(path: str, returns: str) -> None:
    """The type as it is declared, on one line, without `static` and the like; nothing where none is."""
    assert find(path, "swing").returns == returns


@pytest.mark.parametrize(
    "path", "gate.py gate.js gate.ts Gate.java gate.cpp gate.cs gate.rb gate.php gate.kt gate.scala gate.swift".split()
)
def test_what_a_class_inherits_from(path: str) -> None:
    """The superclass alone; an interface beside it does not count where the grammar tells them apart."""
    assert list(find(path, "gate").bases) == ["Barrier"]


@pytest.mark.parametrize(
    "path", "gate.py gate.js gate.ts Gate.java gate.cpp gate.cs gate.rb gate.php gate.kt gate.scala gate.ex".split()
)
def test_what_a_function_throws(path: str) -> None:
    """The type that its own throwing statement names."""
    assert [each.name for each in find(path, "swing").thrown if each] == ["Jammed"]


@pytest.mark.parametrize("path", "gate.ts gate.rs Gate.java gate.c gate.cs gate.php gate.kt gate.swift gate.hs".split())
def test_members_of_an_enumeration_in_their_order(path: str) -> None:
    """With values or without, the members are those that are written."""
    assert [member.name.lower() for member in find(path, "wood").members] == ["oak", "elm", "ash"]


@pytest.mark.parametrize("path", ["gate.go", "gate.c"])
def test_an_environment_variable_that_a_function_reads(path: str) -> None:
    """A literal name in the call that reads it."""
    assert [each.name for each in find(path, "swing").environment] == ["FARM_HOME"]


@pytest.mark.parametrize(
    ("source", "doc"),
    [
        ("/**\n * Opens the gate.\n *\n * Slowly.\n */\nfunction swing() {}", "Opens the gate"),
        ("// Opens the gate. Or shuts it.\nfunction swing() {}", "Opens the gate"),
        ("/* eslint-disable */\n\nfunction swing() {}", ""),
        ("let x = 1; /* of\n  x */\nfunction swing() {}", ""),
        ("/** @param x what */\nfunction swing(x) {}", ""),
    ],
)
def test_the_first_sentence_of_a_comment(source: str, doc: str) -> None:
    """Only a comment that stands right above, of which the first sentence; tags are none."""
    assert [symbol.doc for symbol in read_outline([("gate.js", source)]).symbols if symbol.is_function] == [doc]


def outline_of(*sources: str) -> Outline:
    """Several Python files."""
    return read_outline((f"m{n}.py", source) for n, source in enumerate(sources))


def test_a_name_that_is_defined_twice_is_not_unique() -> None:
    """Also where the second definition is in another file, or is a method's."""
    assert not outline_of("def swing(): ...", "def swing(): ...").is_unique("swing")
    assert not outline_of("def swing(): ...", "class A:\n    def swing(self): ...").is_unique("swing")
    assert outline_of("def swing(): ...").is_unique("swing")


@pytest.mark.parametrize(
    "body",
    [
        "os.environ['FARM_HOME'] = home",
        "del os.environ['FARM_HOME']",
        "return os.environ.get(x) or os.environ['FARM_HOME']",
    ],
)
def test_a_variable_that_is_written_or_one_of_two_is_not_read(body: str) -> None:
    """ "Which variable does it read?" would have no answer."""
    assert [symbol.environment for symbol in outline_of(f"def swing(home):\n    {body}").symbols] == [()]


def test_a_variable_that_is_compared_is_read() -> None:
    """An equals sign alone is no assignment."""
    (symbol,) = outline_of("def swing():\n    return os.environ['FARM_HOME'] == 'barn'").symbols
    assert [each.name for each in symbol.environment] == ["FARM_HOME"]


def test_a_variable_with_a_computed_name_makes_the_others_unsure() -> None:
    """A function that also reads a variable whose name is not written has no one answer."""
    source = "def swing(name):\n    return os.getenv('FARM_HOME') or os.getenv(name)"
    assert [symbol.environment for symbol in outline_of(source).symbols] == [()]
