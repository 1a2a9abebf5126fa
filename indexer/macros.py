"""C and C++ as a parser can read them: which of the two a header is, and macros that would lead it astray."""

from __future__ import annotations

import re

# At the beginning of a line, and in forms that prose in a comment does not take.
_CPP_WORDS = re.compile(
    r"^[ \t]*(?:template[ \t]*<|namespace(?:[ \t]+[\w:]+)?[ \t]*(?:\{|$)|(?:public|private|protected)[ \t]*:"
    r"|class[ \t]+\w+(?:[ \t]+\w+)?[ \t]*(?:[:{]|$)|using[ \t]+(?:namespace[ \t]+)?[\w:]+[ \t]*[=;])",
    re.M,
)
# Macros that no grammar can know, where they stand for an attribute or for a whole line: `API int run(void)`, and
# FIELDS or BEGIN_NAMESPACE alone. The parser sees blanks there, so that it does not lose its way.
_MAX_LINE_BYTES = 400  # data, not declarations; a pattern that looks back and forth must not meet a line of megabytes
_CODE_LINE = re.compile(rb"^(?![ \t]*#).*[A-Z]{2}.*$", re.M)
# A name alone is a macro, but below a comma it is the last one of an enum.
_LINE_OF_MACRO = re.compile(rb"(?<!,)(?<!,\r)\n[ \t]*[A-Z][A-Z0-9_]+[ \t\r]*(?=\n)")
# A call alone and without its semicolon, within a struct or an enum; above a brace it is a function's head.
_INNER_CALL_LINE = re.compile(rb"^[ \t]+[A-Z][A-Z0-9_]+\([\w, ]*\)[ \t]*$(?!\n[ \t]*\{)", re.M)
_LEADING_MACROS = re.compile(
    rb"^[ \t]*(?:[A-Z][A-Z0-9_]+[ \t]+)+(?=(?:[A-Za-z_][\w:]*(?:<[^;{}()]*>)?[ \t*&]+)+~?[A-Za-z_]\w*)"
)
_ATTRIBUTE_MACRO = re.compile(
    rb"\b(?:(?:[A-Z0-9]+_)*(?:CONSTEXPR|CONSTEVAL|INLINE|NOINLINE|API|EXPORTS?|EXTERN|NORETURN|NODISCARD|DEPRECATED"
    rb"|UNUSED)(?:_[A-Z0-9_]*|[0-9]*)|WINAPI|CALLBACK|APIENTRY)\b(?=[ \t]+[\w~:]|[ \t]*$)"
)


def blank_macros(content: bytes) -> bytes:
    """C without the macros that stand in a parser's way, byte for byte as long."""

    def blank(found: re.Match[bytes]) -> bytes:
        return bytes(10 if byte == 10 else 32 for byte in found[0])

    def clean(line: re.Match[bytes]) -> bytes:
        if len(line[0]) > _MAX_LINE_BYTES:
            return line[0]
        return _ATTRIBUTE_MACRO.sub(blank, _LEADING_MACROS.sub(blank, line[0]))

    # Twice: a line that was just matched cannot be the one that the next match stands below.
    content = _LINE_OF_MACRO.sub(blank, _LINE_OF_MACRO.sub(blank, content))
    return _CODE_LINE.sub(clean, _INNER_CALL_LINE.sub(blank, content))


def holds_cpp(text: str) -> bool:
    """Whether a header is C++ rather than C, by words that only C++ has."""
    return _CPP_WORDS.search(text) is not None
