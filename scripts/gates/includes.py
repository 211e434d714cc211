# SPDX-License-Identifier: Apache-2.0
"""Reads includes from C++ files and declared dependencies from CMake files, for the gate in modules.py."""
import dataclasses
import pathlib
import posixpath
import re

# Comments, with string and character literals matched first so that "//" inside one is left alone.
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
INCLUDE = re.compile(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)")
ADD_MODULE = re.compile(r"glint_add_module\(\s*(\w+)([^)]*)\)")
KEYWORDS = {"SOURCES", "DEPENDS", "PUBLIC_LIBRARIES", "PRIVATE_LIBRARIES"}


@dataclasses.dataclass(frozen=True)
class include_line:
    path: str  # of the file that includes, relative to the root
    line: int
    target: str
    quoted: bool
    conditions: tuple  # the preprocessor branches around it, outermost first

    @property
    def at(self):
        return f"{self.path}:{self.line}"

    def under(self, macro):
        """Whether it is seen only where `macro` is defined, as far as its conditions say so plainly."""
        return any(macro in text and not text.startswith("not ") for text in self.conditions)


def without_comments(text):
    """The same text, with comments blanked and line numbers kept."""
    return COMMENT.sub(lambda found: found.group(0) if found.group(1) is None else re.sub(r"[^\n]", " ", found.group(0)), text)


def enter_condition(stack, word, rest):
    """Follows one #if, #else or #endif. A negated branch is kept as `not <condition>`."""
    negative = word == "ifndef" or rest.strip().startswith("!")
    if word in ("if", "ifdef", "ifndef"):
        stack.append(("not " if negative else "") + rest.strip())
    elif stack and word == "endif":
        stack.pop()
    elif stack and word == "else":
        stack[-1] = stack[-1][4:] if stack[-1].startswith("not ") else "not " + stack[-1]
    elif stack and word == "elif":
        stack[-1] = ("not " if negative else "") + rest.strip()


def read_includes(root, path):
    stack = []
    text = without_comments((root / path).read_text(encoding="utf-8", errors="replace"))
    for number, line in enumerate(text.split("\n"), start=1):
        condition = CONDITION.match(line)
        if condition:
            enter_condition(stack, condition.group(1), condition.group(2))
            continue
        found = INCLUDE.match(line)
        if found:
            yield include_line(path, number, found.group(1) or found.group(2), found.group(2) is not None, tuple(stack))


def module_of(path):
    """The folder below the root: the module's name, or tests, bench, examples."""
    return path.split("/", 1)[0]


def home_of(path):
    """The module whose src/ a file may see: its own, and for tests/<module>/ that module."""
    parts = path.split("/")
    return parts[1] if parts[0] == "tests" and len(parts) > 2 else parts[0]


def is_private(path):
    return "/src/" in path and "/include/" not in path


class tree_index:
    """The C++ files of a tree, and which of them an include means. Immutable."""

    def __init__(self, root, paths):
        self.root = root
        self.paths = paths
        self._known = set(paths)
        self._public = {path.split("/include/", 1)[1]: path for path in paths if "/include/" in path}
        self._modules = sorted({module_of(path) for path in paths if is_private(path)})

    def all_includes(self):
        for path in self.paths:
            yield from read_includes(self.root, path)

    def resolve(self, include):
        """The path that an include names, or None for what is not in the tree. The search is wider than the
        compiler's: a file that is found in another module's src/ is a violation, whatever lets it be found."""
        home = home_of(include.path)
        places = [posixpath.dirname(include.path)] if include.quoted else []
        places += [f"{home}/src", *(f"{module}/src" for module in self._modules), ""]
        candidates = [posixpath.normpath(posixpath.join(place, include.target)) for place in places]
        if include.target in self._public and not include.quoted:
            return self._public[include.target]
        found = next((path for path in candidates if path in self._known), None)
        return found or self._public.get(include.target)


def without_cmake_comments(text):
    return re.sub(r"#[^\n]*", "", text)


def listed_after(words, keyword):
    """The words between a keyword and the next one."""
    listed, inside = [], False
    for word in words:
        if word in KEYWORDS:
            inside = word == keyword
        elif inside:
            listed.append(word)
    return listed


def declared_dependencies(root):
    """Module -> the modules it declares, from each <folder>/CMakeLists.txt."""
    declared = {}
    for path in sorted(pathlib.Path(root).glob("*/CMakeLists.txt")):
        for name, rest in ADD_MODULE.findall(without_cmake_comments(path.read_text())):
            declared[name] = set(listed_after(rest.split(), "DEPENDS"))
    return declared
