"""When does a member run: by its place, by what configures the build, and by what reaches it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from scanner.imports import imported
from scanner.model import MemberName, Role
from scanner.roles import mentions, roles

if TYPE_CHECKING:
    from collections.abc import Mapping


def assigned(members: Mapping[str, str | bytes], *, is_wheel: bool) -> dict[str, Role]:
    data = {MemberName(n): d.encode() if isinstance(d, str) else d for n, d in members.items()}
    return {str(name): role for name, role in roles(list(data), data.__getitem__, is_wheel=is_wheel).items()}


SDIST = {
    "p-1/setup.py": (Role.BUILD, ""),
    "p-1/setup.cfg": (Role.BUILD, "[metadata]\nversion = attr: p.version.V\n"),
    "p-1/pyproject.toml": (Role.BUILD, ""),
    "p-1/PKG-INFO": (Role.NEVER, ""),
    "p-1/README.md": (Role.NEVER, "import p.tests.x"),
    "p-1/src/p/__init__.py": (Role.BUILD, ""),
    "p-1/src/p/version.py": (Role.BUILD, "V = 1"),
    "p-1/src/p/core.py": (Role.IMPORT, ""),
    "p-1/src/p/_speed.so": (Role.IMPORT, ""),
    "p-1/src/p/data.json": (Role.NEVER, ""),
    "p-1/src/p/tests/__init__.py": (Role.TEST, ""),
    "p-1/src/p/tests/test_core.py": (Role.TEST, ""),
    "p-1/tests/test_all.py": (Role.TEST, ""),
    "p-1/docs/conf.py": (Role.TEST, ""),
    "p-1/examples/demo.py": (Role.TEST, ""),
    "p-1/benchmarks/speed.py": (Role.TEST, ""),
    "p-1/tools/release.py": (Role.TEST, ""),
    "p-1/conftest.py": (Role.TEST, ""),
    "p-1/noxfile.py": (Role.TEST, ""),
    "p-1/single.py": (Role.IMPORT, ""),
    "p-1/vendored/other/lib.py": (Role.IMPORT, ""),
    "p-1/vendored/other/ci/image.py": (Role.TEST, ""),
    "p-1/vendored/other/docs/theme/conf.py": (Role.TEST, ""),
    "p-1/src/p/tools/shown.py": (Role.IMPORT, ""),
    "p-1/src/p/vendored/examples/used.py": (Role.IMPORT, ""),
}

WHEEL = {
    "p/__init__.py": (Role.IMPORT, ""),
    "p/core.py": (Role.IMPORT, ""),
    "p/tests/test_core.py": (Role.TEST, ""),
    "p/_speed.cpython-311-x86_64-linux-gnu.so": (Role.IMPORT, ""),
    "p/table.csv": (Role.NEVER, ""),
    "space/p/docs/shown.py": (Role.IMPORT, ""),
    "p/__main__.py": (Role.COMMAND, ""),
    "p/cli.py": (Role.COMMAND, ""),
    "p.pth": (Role.STARTUP, "import p_hook\n"),
    "p.start": (Role.STARTUP, "p_other:run\n"),
    "p_hook.py": (Role.STARTUP, "from p_helper import x"),
    "p_helper.py": (Role.STARTUP, ""),
    "sub/q.pth": (Role.NEVER, "import os"),
    "sitecustomize.py": (Role.STARTUP, ""),
    "p-1.data/scripts/tool": (Role.COMMAND, "#!python\nimport p.core"),
    "p-1.data/purelib/usercustomize.py": (Role.STARTUP, ""),
    "p-1.data/purelib/extra/__init__.py": (Role.IMPORT, ""),
    "p-1.data/data/lib/python3.11/site-packages/q.pth": (Role.STARTUP, ""),
    "p-1.data/data/share/x.txt": (Role.NEVER, ""),
    "p-1.data/headers/x.h": (Role.NEVER, ""),
    "p-1.dist-info/METADATA": (Role.NEVER, ""),
    "p-1.dist-info/entry_points.txt": (Role.NEVER, "[console_scripts]\np = p.cli:main\n[other]\nx = p.core:y\n"),
}


@pytest.mark.parametrize(("table", "is_wheel"), [(SDIST, False), (WHEEL, True)])
def test_each_member_has_the_role_of_its_place(table: dict[str, tuple[Role, str]], is_wheel: bool) -> None:
    found = assigned({name: text for name, (_, text) in table.items()}, is_wheel=is_wheel)
    assert found == {name: role for name, (role, _) in table.items()}


BACKENDS = {
    "module beside the project": ("build-backend = 'backend'\nbackend-path = ['.']", "p-1/backend.py"),
    "module in a folder": ("build-backend = 'backend:api'\nbackend-path = ['_build', 'x']", "p-1/x/backend.py"),
    "package": ("build-backend = 'back.end'\nbackend-path = ['_build']", "p-1/_build/back/end.py"),
    "package's own file": ("build-backend = 'back'\nbackend-path = ['_build']", "p-1/_build/back/__init__.py"),
    "path that is no list": ("build-backend = 'backend'\nbackend-path = '_build'", "p-1/_build/backend.py"),
}


@pytest.mark.parametrize(("system", "member"), BACKENDS.values(), ids=BACKENDS.keys())
def test_a_build_backend_in_the_tree_runs_at_build(system: str, member: str) -> None:
    members = {"p-1/pyproject.toml": f"[build-system]\n{system}\n", member: "", "p-1/p/__init__.py": ""}
    found = assigned(members, is_wheel=False)
    assert found[member] is Role.BUILD
    assert found["p-1/p/__init__.py"] is Role.IMPORT


@pytest.mark.parametrize(
    ("pyproject", "member"),
    [
        ("[tool.hatch.build.hooks.custom]\npath = 'build/hook.py'\n", "p-1/build/hook.py"),
        ("[tool.poetry.build]\nscript = 'make.py'\n", "p-1/make.py"),
        ("[tool.setuptools.dynamic]\nversion = {attr = 'p.about.V'}\n", "p-1/p/about.py"),
        ("[tool.pdm.version]\nsource = 'call'\ngetter = 'p.about:get'\n", "p-1/p/about.py"),
        ("this is = = no TOML", "p-1/backend.py"),
    ],
)
def test_code_that_the_configuration_names_runs_at_build(pyproject: str, member: str) -> None:
    assert assigned({"p-1/pyproject.toml": pyproject, member: ""}, is_wheel=False)[member] is Role.BUILD


IMPORTS = [
    "import p.tests.payload",
    "import os, p.tests.payload as x",
    "from p.tests import payload",
    "from p.tests import (\n    other,\n    payload,\n)",
    "from p.tests import \\\n    payload",
    "from .tests import payload",
    "from . import tests\nfrom .tests.payload import x",
    "def f():\n    from p.tests.payload import x",
    "import importlib\nimportlib.import_module('p.tests.payload')",
    "__import__('p.tests.payload')",
    "if x: import p.tests.payload",
    "exec('import p.tests.payload')",
    "exec(open('p/tests/payload.py').read())",
]


@pytest.mark.parametrize("text", IMPORTS)
@pytest.mark.parametrize("is_wheel", [True, False])
def test_what_looks_like_tests_has_the_role_of_what_imports_it(text: str, is_wheel: bool) -> None:
    top = "" if is_wheel else "p-1/"
    found = assigned(
        {f"{top}p/__init__.py": text, f"{top}p/tests/__init__.py": "", f"{top}p/tests/payload.py": ""},
        is_wheel=is_wheel,
    )
    assert found[f"{top}p/tests/payload.py"] is Role.IMPORT


def test_a_place_in_an_example_that_documentation_names_runs_nothing() -> None:
    place = {"p-1/p/__init__.py": "# Location: examples/payload.py:3:0", "p-1/examples/payload.py": ""}
    assert assigned(place, is_wheel=False)["p-1/examples/payload.py"] is Role.TEST
    script = {"p-1/p/__init__.py": "run('examples/payload.py')", "p-1/examples/payload.py": ""}
    assert assigned(script, is_wheel=False)["p-1/examples/payload.py"] is Role.IMPORT


def test_a_build_script_gives_its_role_to_what_it_imports_and_runs() -> None:
    found = assigned(
        {
            "p-1/setup.py": "import helper\nos.system('sh install.sh')\n",
            "p-1/helper.py": "from inner import x\n",
            "p-1/inner.py": "",
            "p-1/install.sh": "",
            "p-1/other.sh": "",
        },
        is_wheel=False,
    )
    roles_ = (Role.BUILD, Role.BUILD, Role.BUILD, Role.BUILD, Role.NEVER)
    assert tuple(found.values()) == roles_


def test_only_tests_that_are_all_there_is_are_the_package() -> None:
    assert assigned({"tests/__init__.py": "", "tests/x.py": ""}, is_wheel=True)["tests/x.py"] is Role.IMPORT


def test_relative_imports_that_leave_the_artifact_reach_nothing() -> None:
    members: dict[str, str | bytes] = {"p/__init__.py": "from ..... import x\nfrom .... import tests"}
    assert assigned(members, is_wheel=True) == {"p/__init__.py": Role.IMPORT}


def test_modules_that_import_each_other_end() -> None:
    members: dict[str, str | bytes] = {"p/a.py": "import p.b", "p/b.py": "import p.a"}
    assert set(assigned(members, is_wheel=True).values()) == {Role.IMPORT}


@pytest.mark.parametrize(
    "text",
    [
        b"from " * 200_000,
        b"from a" * 160_000,
        b"a" * 1_000_000,
        b"import " * 140_000,
        b"from . import (" * 60_000,
        b"a.py" * 250_000,
        b"a-" * 500_000,
        b"import_module(" * 70_000,
        b"from " + b"." * 1_000_000,
        b"import x \\\n" * 100_000,
        bytes(range(256)) * 4_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_scanned_in_linear_time(text: bytes) -> None:
    started = time.process_time()
    for _ in imported(text):
        pass
    assigned({"p/a.py": text}, is_wheel=True)
    assert time.process_time() - started < 3


MENTIONED = {
    "plain": (b"import a.b, c as d\n", {("a.b", ()), ("c", ())}),
    "from": (b"from a.b import c, d as e\n", {("a.b", ("c", "d", "as", "e"))}),
    "from a package": (
        b"from .import x\nfrom .. import y\nfrom ..a import z\n",
        {(".", ("x",)), ("..", ("y",)), ("..a", ("z",))},
    ),
    "in brackets": (b"from a import (\n    b,\n    c,\n)\n", {("a", ("b", "c"))}),
    "over lines": (b"from a \\\n  import b\n", {("a", ("b",))}),
    "after a semicolon": (b"x = 1; import a; from b import c\n", {("a", ()), ("b", ("c",))}),
    "a module whose name ends like one": (b"from zipimport import zipimporter\n", {("zipimport", ("zipimporter",))}),
    "a module whose name begins like one": (b"from importlib import util\n", {("importlib", ("util",))}),
    "a name that ends like one": (b"reimport = 1\n", set()),
    "by call": (b"__import__('a'); importlib.import_module(\n  \"b.c\")\n", {("a", ()), ("b.c", ())}),
}


@pytest.mark.parametrize(("text", "modules"), MENTIONED.values(), ids=MENTIONED)
def test_what_a_text_imports(text: bytes, modules: set[tuple[str, tuple[str, ...]]]) -> None:
    assert set(mentions(text).imports) == modules


NAMED = {
    "a file": (b"run('tool.exe')", ("tool.exe",)),
    "a path": (b"open('data/run.sh')", ("run.sh",)),
    "two": (b"'a.py' 'b.dll'", ("a.py", "b.dll")),
    "one that every project has": (b"'setup.py'", ()),
    "an ending alone": (b"'.py'", ()),
    "another ending": (b"'a.python' 'a.txt'", ()),
    "a name beyond measure": (b"x" * 200 + b".py", ()),
}


@pytest.mark.parametrize(("text", "files"), NAMED.values(), ids=NAMED)
def test_which_files_a_text_names(text: bytes, files: tuple[str, ...]) -> None:
    assert mentions(text).files == files
