from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scanner.analyzers.opening import Opening, Surroundings
from scanner.analyzers.scripts import scripts
from scanner.model import Role
from tests.fixtures.views import artifact, plain_ruleset

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = "Write-Output 'MARKER'; Get-ChildItem"
ENCODED = base64.b64encode(COMMAND.encode("utf-16-le")).decode()
SHELL = base64.b64encode(b"echo MARKER && echo done with it").decode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x/run.ps1", f"powershell -EncodedCommand {ENCODED}\n"),
        ("x/run.bat", f"@echo off\r\nPOWERSHELL.exe -NoP -W Hidden -enc {ENCODED}\r\n"),
        ("x/run.cmd", f"powershell -e {ENCODED}"),
        ("x/__init__.py", f"import os\nos.system('powershell -nop -ec {ENCODED}')\n"),
        ("x/__init__.py", f"run(['powershell', '-w', 'hidden', '-EncodedCommand', '{ENCODED}'])\n"),
        ("x/run.vbs", f'CreateObject("WScript.Shell").Run "powershell -enc {ENCODED}", 0'),
        ("x/notes.txt", f"powershell -enc {ENCODED}"),
    ],
)
def test_encoded_powershell_is_decoded_wherever_it_stands(opened: Callable[..., Any], name: str, text: str) -> None:
    assert opened({name: text}, only=scripts).layer("PowerShell command") == COMMAND.encode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x/run.sh", f"echo {SHELL} | base64 -d | sh\n"),
        ("x/run", f"#!/bin/bash\necho '{SHELL}' | base64 --decode | bash\n"),
        ("x/run.sh", f'bash -c "$(base64 -d <<< {SHELL})"\n'),
        ("x/run.js", f"require('vm').runInThisContext(atob('{SHELL}'))\n"),
        ("x/run.js", f'eval(Buffer.from("{SHELL}", "base64").toString())\n'),
        ("x/run.ps1", f"$t = [Convert]::FromBase64String('{SHELL}')\n"),
        ("x/run.php", f"<?php system(base64_decode('{SHELL}')); ?>"),
    ],
)
def test_what_a_script_decodes_is_decoded(opened: Callable[..., Any], name: str, text: str) -> None:
    found = opened({name: text}, only=scripts)
    assert found.layer("base64") == base64.b64decode(SHELL)
    assert {layer.role for layer in found.layers} == {Role.NEVER}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x/run.sh", "#!/bin/sh\nset -e\necho hello | base64\npython -m build\n"),
        ("x/run.ps1", "powershell -ExecutionPolicy Bypass -File build.ps1\n"),
        ("x/run.bat", '@echo off\r\nset PATH=%PATH%;%CD%\r\nif "%1" == "" goto help\r\n'),
        ("x/app.js", "const x = 1;\nconsole.log(x);\n"),
        ("x/app.min.js", "!function(e){return eval}();" * 400),
        ("x/notes.txt", "powershell is a shell. -enc is an option of it.\n"),
        ("x/data.bin", b"\0" * 100),
        ("x/completion.bash", "complete -W '" + "word " * 1500 + "' tool\n"),
    ],
)
def test_ordinary_scripts_are_nothing(opened: Callable[..., Any], name: str, text: str | bytes) -> None:
    assert opened({name: text}, only=scripts) == ([], [])


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("x/run.bat", "set q=abcdefgh\r\n" + "".join(f"%q:~{i},1%" for i in range(8)) * 3, "script-spells-commands"),
        ("x/run.bat", "%a%%b%%c%%d%%e%%f%%g%%h%%i%%j%%k%%l%%m%\r\n", "script-spells-commands"),
        ("x/run.cmd", "p^o^w^e^r^s^h^e^l^l\r\n", "script-spells-commands"),
        ("x/run.ps1", "I`n`v`o`k`e-Item MARKER\n", "script-spells-commands"),
        ("x/run.sh", "eval " + "\"$(printf 'MARKER')\";" * 300 + "\n", "script-packed-line"),
    ],
)
def test_scripts_that_hide_are_found(opened: Callable[..., Any], name: str, text: str, rule: str) -> None:
    assert opened({name: text}, only=scripts).rules == [rule]


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet="%^`:~,1abcE-= \n\"'|<", max_size=200), st.sampled_from(["x/a.bat", "x/a.ps1", "x/a.sh", "x/a.js"])
)
def test_no_text_breaks_the_reading(text: str, name: str) -> None:
    view = artifact("x-1-py3-none-any.whl", {name: text + ENCODED})
    (member,) = view.members.values()
    list(scripts(member, Opening(plain_ruleset(), Surroundings(view))))


@pytest.mark.parametrize(
    "word", ["curl ", "curl x -o ", "curl a|", "bash -c $( ", "wget -O\n", "curl\t\t\t\t", "sudo -a "]
)
def test_no_script_keeps_the_search_for_downloads_busy(opened: Callable[..., Any], word: str) -> None:
    started = time.process_time()
    opened({"x/run.sh": "#!/bin/sh\n" + word * ((1 << 20) // len(word))}, only=scripts)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "curl -fsSL https://host.example.invalid/data.json | jq .name",
        "curl -o data.csv https://host.example.invalid/data.csv\nwc -l data.csv",
        "python3 -m build && sh tests/run.sh",
        'sh -c "$(cat commands.txt)"',
        "# see curl and bash for more",
    ],
)
def test_a_script_that_only_downloads_is_no_finding(opened: Callable[..., Any], text: str) -> None:
    assert "script-runs-download" not in opened({"x/run.sh": f"#!/bin/sh\n{text}\n"}, only=scripts).rules
