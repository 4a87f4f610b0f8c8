"""A C++ file as the tidy test sees it: its lines, its code without comments and strings, its functions.

This is no parser. It knows comments, literals and braces, and that is enough for code that
clang-format has laid out.
"""

import bisect
import re

# In this order: a quote inside a comment opens no string, a slash inside a string no comment.
_NOT_CODE = re.compile(
    r"//(?:\\\n|[^\n])*"
    r"|/\*.*?\*/"
    r'|R"(?P<delimiter>[^(\s]*)\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # 1'000 is a number
    re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(<[^>]+>|"[^"]+")', re.MULTILINE)
_SCOPE = re.compile(r"(?:export\s+)?(?:inline\s+)?(?:typedef\s+)?"
                    r"(?:namespace|class|struct|union|enum|extern)\b")


def _blank(match):
    """The same number of lines and columns, with nothing on them; a literal keeps its quotes."""
    text = match[0]
    inside = re.sub(r"[^\n]", " ", text)
    return '"' + inside[1:-1] + '"' if text[0] in "\"'R" and len(text) > 1 else inside


class SourceFile:
    def __init__(self, path, text):
        self.path = path
        self.lines = text.splitlines()
        self._code = _NOT_CODE.sub(_blank, text)
        self.code_lines = [line.rstrip() for line in self._code.splitlines()]
        self._starts = [0] + [m.end() for m in re.finditer("\n", text)]
        # Of the text, since the code has lost the name; of the code, since a comment includes nothing.
        self.includes = [(self._line(m.start(1)), m[1]) for m in _INCLUDE.finditer(text)
                         if self._code[m.start():m.end()].lstrip().startswith("#")]

    def _line(self, offset):
        return bisect.bisect_right(self._starts, offset)

    def functions(self):
        """Yields (first line, name, number of lines), from the signature to the closing brace."""
        code = _DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self._code)
        scopes = []  # of each open brace: (kind, where the head began)
        head = parens = 0
        for at in (m.start() for m in re.finditer(r"[{}();]|\b(?:public|private|protected):", code)):
            char = code[at]
            if char == "(":
                parens += 1
            elif char == ")":
                parens -= 1
            elif char == "{":
                kind = self._kind(scopes, code[head:at], parens)
                scopes.append((kind, head, parens))
                parens = 0
                if kind != "initializer":
                    head = at + 1
            elif char == "}" and scopes:
                kind, began, parens = scopes.pop()
                after = code[at + 1:].lstrip()[:1]
                if kind == "initializer" or (kind == "function" and after in (",", "{")):
                    head = began  # a(x), b{y} { ... }: the head of the constructor goes on
                    continue
                if kind == "function":
                    first = self._line(began + len(code[began:at]) - len(code[began:at].lstrip()))
                    yield first, _name(code[began:at]), self._line(at) - first + 1
                head = at + 1
            elif parens == 0:  # a semicolon, or the end of an access label
                head = code.index(":", at) + 1 if char == "p" else at + 1

    @staticmethod
    def _kind(scopes, head, parens):
        if any(kind == "function" for kind, _, _ in scopes):
            return "block"
        if parens > 0:
            return "initializer"  # a default argument, or a table's row inside a call
        head = re.sub(r"\[\[.*?\]\]", "", _without_template(head)).strip()
        if _SCOPE.match(head):
            return "scope"
        return "function" if ")" in head else "initializer"


def _without_template(head):
    """Drops a leading template<...>: its `class T` is not the keyword that opens a class."""
    head = head.lstrip()
    while head.startswith("template"):
        depth = 0
        for at, char in enumerate(head):
            depth += (char == "<") - (char == ">")
            if char == ">" and depth == 0:
                head = head[at + 1:].lstrip()
                break
        else:
            return head
    return head


def _name(function):
    """decide of `Result<Decision> decide(const Key& key, ...)`; Suite.Case of TEST(Suite, Case)."""
    function = _without_template(function)
    test = re.match(r"(?:TYPED_)?TEST(?:_[FP])?\s*\(\s*(\w+)\s*,\s*(\w+)", function)
    if test:
        return f"{test[1]}.{test[2]}"
    name = re.search(r"(operator\s*(?:\(\)|[^\w\s(]+)|~?\w[\w:~]*)\s*\(", function)
    return name[1] if name else "?"


def read_tree(root, directories):
    """{path: SourceFile} of all .h and .cc files under the directories, by path from the root."""
    paths = sorted(p for d in directories for p in (root / d).rglob("*") if p.suffix in (".h", ".cc"))
    return {name: SourceFile(name, path.read_text(encoding="utf-8"))
            for path in paths for name in [path.relative_to(root).as_posix()]}
