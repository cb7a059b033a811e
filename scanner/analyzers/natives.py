"""What native programs can do, by the functions that they import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.analyzers.magic import content
from scanner.analyzers.readers.native_imports import imports_of
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["natives"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ABILITIES: Final = {
    "process": _words(
        "system popen execl execle execlp execv execve execvp execvpe posix_spawn posix_spawnp fexecve wordexp"
        " _wsystem _popen _wpopen _spawnl _wspawnl CreateProcessA CreateProcessW CreateProcessAsUserW WinExec"
        " ShellExecuteA ShellExecuteW ShellExecuteExA ShellExecuteExW CreateProcessInternalW"
    ),
    "download": _words(
        "URLDownloadToFileA URLDownloadToFileW URLDownloadToCacheFileA URLDownloadToCacheFileW URLOpenBlockingStreamW"
        " InternetReadFile InternetOpenUrlA InternetOpenUrlW WinHttpReadData WinHttpOpenRequest HttpSendRequestA"
        " HttpSendRequestW curl_easy_perform"
    ),
    "network": _words("connect sendto socket getaddrinfo gethostbyname WSAConnect WSASocketA WSASocketW WSAStartup"),
    "other processes": _words(
        "WriteProcessMemory VirtualAllocEx CreateRemoteThread CreateRemoteThreadEx NtCreateThreadEx QueueUserAPC"
        " SetThreadContext NtUnmapViewOfSection RtlCreateUserThread process_vm_writev"
    ),
    "keyboard": _words("SetWindowsHookExA SetWindowsHookExW GetAsyncKeyState GetKeyboardState RegisterRawInputDevices"),
    "secrets": _words("CryptUnprotectData CredEnumerateA CredEnumerateW LsaRetrievePrivateData"),
    "clipboard": _words("GetClipboardData AddClipboardFormatListener SetClipboardViewer"),
    "screen": _words("BitBlt GetDC CreateCompatibleBitmap"),
    "persistence": _words("RegSetValueExA RegSetValueExW CreateServiceA CreateServiceW SHGetSpecialFolderPathW"),
    "debuggers": _words("IsDebuggerPresent CheckRemoteDebuggerPresent NtQueryInformationProcess"),
}
#: Runtimes of languages link everything; their imports say nothing.
_RUNTIME_SIZE: Final = 8 * 1024 * 1024
_HIGH: Final = (
    ("secrets", "process"),
    ("secrets", "network"),
    ("secrets", "download"),
    ("keyboard", "download"),
    ("download", "process", "persistence"),
)
_ENTERING: Final = 3


def natives(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """The abilities of a native program; together they may say what it is for."""
    if view.is_python or not content(view.data).native:
        return
    names = imports_of(view.data)
    able = {ability: names & words for ability, words in _ABILITIES.items() if names & words}
    if not able:
        return
    role = opening.hidden_role(view)
    telling = _telling(able)
    shown = "; ".join(f"{ability}: {', '.join(sorted(found)[:4])}" for ability, found in sorted(able.items()))
    if telling:
        yield opening.ruleset.finding(
            "native-fetches-and-runs" if telling == "fetches" else "native-spies",
            role=role,
            member=view.name,
            snippet=shown,
            layers=view.layers,
            severity=Severity.MEDIUM if len(view.data) <= _RUNTIME_SIZE else Severity.LOW,
        )
    elif "process" in able and not view.layers:
        yield opening.found("native-starts-processes", view, shown, role=role)


def _telling(able: dict[str, frozenset[str]]) -> str:
    """`spies` or `fetches` where the abilities together are those of spyware or of a downloader."""
    if len(able.get("other processes", ())) >= _ENTERING or any(able.keys() >= set(pair) for pair in _HIGH[:4]):
        return "spies"
    direct = any(name.startswith("URLDownload") for name in able.get("download", ()))
    if "process" in able and (direct or ("download" in able and "persistence" in able)):
        return "fetches"
    return ""
