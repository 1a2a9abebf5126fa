"""What a file defines is known by name, in every language, also where nothing of it is cut."""

from __future__ import annotations

import pytest

from indexer.chunking import chunk_file
from indexer.definitions import find_definitions
from indexer.languages import detect_language, get_language, language_of_text, parse

CASES = {
    "a.py": (
        "LIMIT = 3\nclass Store:\n    size = 1\n    def load(self): ...\n    class Inner:\n"
        "        def deep(self): ...\n"
        "try:\n    import x\nexcept ImportError:\n    def fallback():\n        local = 1\n",
        ["LIMIT", "Store", "Store.size", "Store.load", "Store.Inner", "Store.Inner.deep", "fallback"],
    ),
    "a.js": (
        "exports.x = function () { const local = 1 };\nmodule.exports = { a() {}, b: () => 1, c: 3 };\n"
        "Foo.prototype.bar = function () {};\nconst o = { f() {} };\nconst { p, q } = o;\n"
        "class A { go() {} static handle = () => 2 }\n",
        ["exports.x", "a", "b", "Foo.bar", "o", "o.f", "A", "A.go", "A.handle"],
    ),
    "a.ts": (
        "export interface Shape { area(): number }\nexport const run = async (x: number) => { const local = 1 };\n"
        "export abstract class Base { abstract go(): void; handle = () => 1 }\nexport const api = { get() {} };\n"
        "declare function outside(): void;\nenum Corner { Left, Right = 2 }\n",
        "Shape Shape.area run Base Base.go Base.handle api api.get outside Corner Corner.Right".split(),
    ),
    "a.go": (
        "package a\ntype (\n\tA struct{ x int }\n\tB interface{ F() }\n)\nconst (\n\tX = iota\n\tY\n)\n"
        "func (s *Store[T]) Get() { const local = 1 }\nfunc (Store) Put() {}\nvar _ B = nil\n",
        ["A", "B", "F", "X", "Y", "Store.Get", "Store.Put"],
    ),
    "a.rs": (
        "impl<T> Walk for Tree<T> { fn walk(&self) {} const N: u8 = 1; }\ntrait Walk { fn walk(&self); }\n"
        "impl<'a> fmt::Display for Wrapper<'a> { fn fmt(&self) {} }\nenum E { Low, High }\n",
        "Tree Tree.walk Tree.N Walk Walk.walk Wrapper Wrapper.fmt E E.Low E.High".split(),
    ),
    "A.java": (
        "class A<T> { static final int MAX = 1; A() {} <S> void go(S s) { int local; } enum E { LOW } "
        "interface I { default void d() {} } }\n",
        ["A", "A.MAX", "A.A", "A.go", "A.E", "A.E.LOW", "A.I", "A.I.d"],
    ),
    "a.c": (
        "#define MAX 3\n#define GUARD_H\ntypedef int (*compare_fn)(const void *, const void *);\n"
        "struct list { struct node *head; };\nint list_push(struct list *l);\n"
        "int *find(int x) { int local; return 0; }\nenum mode { READ };\nextern int counter;\n",
        ["MAX", "compare_fn", "list", "list_push", "find", "mode", "mode.READ"],
    ),
    "a.cpp": (
        "namespace geo {\ntemplate <typename T> class Grid { public: Grid(); ~Grid() {}\n"
        "  T& operator[](int i) { return d[i]; }\n"
        "  bool operator==(const Grid& o) const { return true; } void fill(T t); T d[4]; };\n"
        "template <> struct hash<Cell> { size_t operator()(const Cell& c) const { return 1; } };\nclass Later;\n}\n"
        "template <typename T> void geo::Grid<T>::fill(T t) {}\n",
        "geo geo.Grid geo.Grid.Grid geo.Grid.~Grid geo.Grid.operator[] geo.Grid.operator== geo.Grid.fill geo.hash "
        "geo.hash.operator() geo::Grid::fill".split(),
    ),
    "a.cs": (
        "static class Ext { const int Max = 1; public static string Shout(this string s) => s; event Action Done; }\n"
        "enum K { Low }\nrecord Line(int X);\n",
        ["Ext", "Ext.Max", "Ext.Shout", "Ext.Done", "K", "K.Low", "Line"],
    ),
    "a.rb": (
        "module Shop\n  LIMIT = 1\n  class Cart\n    attr_reader :items, :total\n    def add?; end\n"
        "    def ==(o); end\n    class << self\n      def empty; end\n    end\n    define_method(:later) { 1 }\n"
        "    private def hidden; end\n  end\nend\n",
        "Shop Shop.LIMIT Shop.Cart Shop.Cart.items Shop.Cart.total Shop.Cart.add? Shop.Cart.== Shop.Cart.empty "
        "Shop.Cart.later Shop.Cart.hidden".split(),
    ),
    "a.php": (
        "<?php\nconst TOP = 1;\nabstract class C { const K = 1; function go() { $local = 1; } }\n"
        "enum E: string { case Low = 'a'; public function label() { return 'x'; } }\n",
        ["TOP", "C", "C.K", "C.go", "E", "E.Low", "E.label"],
    ),
    "a.kt": (
        "fun String.shout(): String = this\nfun <T> List<T>.second(): T = this[1]\nobject Registry {\n"
        "    fun register() { val local = 1 }\n}\nclass Holder {\n    companion object {\n"
        "        fun create() = Holder()\n    }\n}\nval String.last: Char get() = this[0]\n",
        "shout second Registry Registry.register Holder Holder.create last".split(),
    ),
    "a.scala": (
        "given ordering: Ordering[Int] with\n  def compare(x: Int, y: Int) = x - y\nextension (s: String)\n"
        "  def shout: String = s\nenum Color:\n  case Red\nobject Show:\n  lazy val other: Int = 2\n"
        "  def apply(x: Int) = { val local = x; local }\nval (p, q) = pair\n",
        "ordering ordering.compare shout Color Color.Red Show Show.other Show.apply".split(),
    ),
    "a.swift": (
        "extension String { func shout() -> String { let local = 1; return self }\n var twice: String { self } }\n"
        "protocol P { var x: Int { get }\n func f() }\nenum E { case one }\nactor A { func h() {} }\n",
        "String String.shout String.twice P P.x P.f E E.one A A.h".split(),
    ),
    "a.lua": (
        "local M = {}\nfunction M.x(a) local inner = 1 end\nfunction M:y() end\nM.w = function() end\n"
        "local v = function() end\nM.t = { k = function() end, j = 1 }\nreturn M\n",
        ["M.x", "M:y", "M.w", "v", "k"],
    ),
    "a.ex": (
        "defmodule A.B do\n  defguard is_pos(x) when x > 0\n  defdelegate size(m), to: Map\n"
        "  def run(x) when x > 0, do: x\n  def unquote(name)(), do: 1\n  defmodule Inner do\n    defp g, do: 1\n  end\n"
        "end\n",
        ["A.B", "A.B.is_pos", "A.B.size", "A.B.run", "A.B.Inner", "A.B.Inner.g"],
    ),
    "A.hs": (
        "module A where\nf :: Int -> Int\nf 0 = 1\nf n = n\n(<+>) :: Int -> Int -> Int\na <+> b = a\n"
        "data T = Leaf { value :: Int } | Node\nclass C a where\n  m :: a -> Int\ntype family F a\n",
        ["f", "<+>", "T", "T.Leaf", "T.value", "T.Node", "C", "C.m", "F"],
    ),
    "a.zig": (
        "pub const S = struct { a: u8, pub fn init() S { return .{ .a = 1 }; } };\n"
        "pub fn List(comptime T: type) type { return struct { pub fn push(self: *T) void { _ = self; } }; }\n",
        ["S", "S.init", "List", "List.push"],
    ),
}


@pytest.mark.parametrize("path", CASES)
def test_a_small_file_defines_all_that_is_in_it(path: str) -> None:
    """Members of small classes, constants, prototypes and grouped names count; what is local to a function does not."""
    text, expected = CASES[path]
    defined = [name for chunk in chunk_file(path, "", text, detect_language(path)) for name in chunk.defines]
    assert not [name for name in expected if name not in defined]
    assert not {"local", "inner", "p", "q", "GUARD_H", "Later"} & {name.split(".")[-1] for name in defined}


def test_a_name_stands_with_the_line_that_it_begins_on() -> None:
    """A chunk of a large class defines the methods that begin in it, and no others."""
    methods = [f"    def method{i}(self):\n" + f"        return '{'x' * 300}'\n" for i in range(12)]
    chunks = chunk_file("a.py", "", "class Store:\n" + "".join(methods), "python")
    assert len(chunks) > 3
    for chunk in chunks:
        named = {name.split(".")[-1] for name in chunk.defines} - {"Store"}
        assert named == {f"method{i}" for i in range(12) if f"def method{i}(" in chunk.text}


def test_a_header_of_cpp_is_read_as_such() -> None:
    """A header that holds words of C++ alone is C++, whatever its suffix says; one of C stays C."""
    cpp = "#pragma once\nnamespace geo {\nclass Grid {\n public:\n  int size() const { return 1; }\n};\n}\n"
    c = "/* a class: of types */\nstruct grid { int size; };\nint grid_size(struct grid *grid);\n"
    assert [language_of_text("a.h", "c", text) for text in (cpp, c)] == ["cpp", "c"]
    assert language_of_text("a.c", "c", cpp) == "c"
    (chunk,) = chunk_file("grid.h", "", cpp, "c")
    assert (chunk.language, chunk.defines) == ("cpp", ("geo", "geo.Grid", "geo.Grid.size"))


def test_macros_do_not_lead_the_parser_astray() -> None:
    """Attributes and lines that only the preprocessor understands hide neither what follows nor their own names."""
    text = """
#define LIB_API __attribute__((visibility("default")))
LIB_API int lib_open(const char *path);
LIB_NORETURN LIB_API void lib_fail(void);
struct lib_handle {
  HANDLE_FIELDS
  int fd;
};
typedef enum {
  ERROR_MAP(XX)
  LIB_FIRST,
  LIB_LAST
} lib_error;
LIB_INLINE int lib_size(struct lib_handle *handle) {
  return handle->fd;
}
static DWORD WINAPI lib_thread(void *argument) {
  return 0;
}
"""
    root = parse(text, "c")
    assert root is not None
    assert not root.has_error
    names = [name for _, name in find_definitions(root, get_language("c"))]
    assert names == [
        "LIB_API",
        "lib_open",
        "lib_fail",
        "lib_handle",
        "lib_error",
        "lib_error.LIB_FIRST",
        "lib_error.LIB_LAST",
        "lib_size",
        "lib_thread",
    ]
