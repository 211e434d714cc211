#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: who may include whom.

- A module depends only on those that the house allows it, and says so in `glint_add_module(... DEPENDS ...)`.
- It includes <glint/...> headers only of modules that it declared (what those depend on is included).
- Nobody includes a file of another module's src/, and no public header one of any src/.
- Headers of third parties stay where THIRD_PARTY says.
- <glint/glint.hpp> does not reach <glint/gpu/launch.hpp>, so that a plain .cpp never pays for Thrust.
- No cycle among headers, and none among modules.
"""
import collections
import re
import sys

import includes
import tree

# Module -> modules it may use. A module not listed here may not exist: add it with its place in the house.
HOUSE = {
    "base": set(),
    "gpu": {"base"},
    "transport": {"base", "gpu"},
    "store": {"base", "gpu"},
    "core": {"base", "gpu", "transport", "store"},
    "kernels": {"base", "gpu"},
    "tools": {"base", "gpu", "transport", "store", "core"},
}

LAUNCH = "gpu/include/glint/gpu/launch.hpp"
# What a header belongs to, and the places (prefixes of paths) of modules that may include it. tests/, examples/ and
# bench/ are not modules; they include what they like.
THIRD_PARTY = (
    ("Thrust and CUB", re.compile(r"(?:thrust|cub)/"), ("kernels/", "gpu/src/", LAUNCH)),
    ("CUDA", re.compile(r"(?:cuda|cublas|curand|cufft|cusparse|cusolver|nvrtc|cupti|cufile|device_launch|vector_types"
                        r"|cooperative_groups|nvml|driver_types)\w*(?:\.h(?:pp)?$|/)|(?:cuda|nvtx3|nv)/"),
     ("kernels/", "gpu/src/", "transport/src/", LAUNCH)),
    ("UCX", re.compile(r"uc[pst]/"), ("transport/src/",)),
    ("NCCL", re.compile(r"nccl(?:_\w+)?\.h$"), ("transport/src/",)),
    ("OpenSSL", re.compile(r"openssl/"), ("transport/src/",)),
    ("protobuf", re.compile(r"google/protobuf/|.*\.pb\.h$"), ("transport/src/", "core/src/")),
    ("spdlog", re.compile(r"spdlog/"), tuple(f"{module}/src/" for module in HOUSE)),
)
HEADER_SUFFIXES = (".hpp", ".cuh", ".inl")


def third_party_violations(include):
    for name, pattern, places in THIRD_PARTY:
        if not pattern.match(include.target):
            continue
        if not include.path.startswith(places):
            yield f"{include.at}: {name} header <{include.target}> may only be included below {', '.join(places)}"
        elif name == "CUDA" and "/include/" in include.path and not include.under("__CUDACC__"):
            yield f"{include.at}: CUDA header <{include.target}> in a public header stands outside of #ifdef __CUDACC__"


def private_violation(include, resolved):
    """About an include of a file below some src/."""
    owner = includes.module_of(resolved)
    home = includes.home_of(include.path)
    if "/include/" in include.path:
        return f"{include.at}: a public header includes {resolved}, which is private"
    if owner != home:
        return f"{include.at}: includes {resolved}, which is private to {owner}"
    return None


def dependency_violation(include, resolved, declared):
    """About an include of a public header, from a file of a module."""
    user, used = includes.module_of(include.path), includes.module_of(resolved)
    # A folder of the house without glint_add_module has only programs: what the house allows counts as declared.
    allowed = closure(user, declared) if user in declared else HOUSE.get(user, {used})
    if used == user or used in allowed:
        return None
    return f"{include.at}: {user} includes <{include.target}> of {used}, which it does not declare in DEPENDS"


def closure(module, declared):
    """All modules that `module` reaches by declared dependencies."""
    reached, waiting = set(), [module]
    while waiting:
        for used in declared.get(waiting.pop(), ()):
            if used not in reached:
                reached.add(used)
                waiting.append(used)
    return reached


def declaration_violations(declared):
    for module, used in sorted(declared.items()):
        if module not in HOUSE:
            yield f"{module}/CMakeLists.txt: {module} has no place in the house (HOUSE in scripts/gates/modules.py)"
            continue
        for name in sorted(used - HOUSE[module]):
            yield f"{module}/CMakeLists.txt: {module} may not depend on {name}"


def find_cycles(graph):
    """One path for each back edge of a depth-first walk, so at least one for each strongly connected knot."""
    state, cycles = {}, []

    def visit(start):
        path, stack = [start], [iter(sorted(graph.get(start, ())))]
        state[start] = "open"
        while stack:
            following = next(stack[-1], None)
            if following is None:
                state[path.pop()] = "done"
                stack.pop()
            elif state.get(following) == "open":
                cycles.append(path[path.index(following):] + [following])
            elif following not in state:
                state[following] = "open"
                path.append(following)
                stack.append(iter(sorted(graph.get(following, ()))))

    for node in sorted(graph):
        if node not in state:
            visit(node)
    return cycles


def path_between(graph, start, goal):
    """A shortest chain of includes, or None."""
    came_from, waiting = {start: None}, collections.deque([start])
    while waiting:
        node = waiting.popleft()
        if node == goal:
            chain = [node]
            while came_from[chain[-1]] is not None:
                chain.append(came_from[chain[-1]])
            return chain[::-1]
        for following in sorted(graph.get(node, ())):
            if following not in came_from:
                came_from[following] = node
                waiting.append(following)
    return None


def include_violations(index, declared, graph):
    """Checks each include by itself and adds what it resolves to to `graph`."""
    for include in index.all_includes():
        if includes.module_of(include.path) in HOUSE:
            yield from third_party_violations(include)
        resolved = index.resolve(include)
        if resolved is None:
            if include.target.startswith("glint/"):
                yield f"{include.at}: no module has <{include.target}>"
            continue
        graph[include.path].add(resolved)
        found = (private_violation(include, resolved) if includes.is_private(resolved)
                 else dependency_violation(include, resolved, declared))
        if found:
            yield found


def graph_violations(graph, declared):
    headers = {path: {used for used in reached if used.endswith(HEADER_SUFFIXES)}
               for path, reached in graph.items() if path.endswith(HEADER_SUFFIXES)}
    for cycle in find_cycles(headers):
        yield "cycle of includes: " + " -> ".join(cycle)
    modules = {module: set(used) for module, used in declared.items()}
    for path, reached in graph.items():
        user = includes.module_of(path)
        if user in modules:
            modules[user] |= {includes.module_of(used) for used in reached} - {user}
    for cycle in find_cycles(modules):
        yield "cycle of modules: " + " -> ".join(cycle)
    chain = path_between(headers, "core/include/glint/glint.hpp", LAUNCH)
    if chain:
        yield "<glint/glint.hpp> must not reach <glint/gpu/launch.hpp>: " + " -> ".join(chain)


def main():
    root = tree.root_of_arguments(__doc__)
    index = includes.tree_index(root, tree.files(root, tree.CXX_SUFFIXES))
    declared = includes.declared_dependencies(root)
    if not declared:
        sys.exit("modules: no glint_add_module was found")
    graph = collections.defaultdict(set)
    violations = [*declaration_violations(declared), *include_violations(index, declared, graph)]
    violations += graph_violations(graph, declared)
    tree.finish("modules", violations, len(index.paths))


if __name__ == "__main__":
    main()
