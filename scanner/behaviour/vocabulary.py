"""What qualified names do: where data comes from, and where it has effects.

The tables name functions of the standard library and of widely used libraries, never a project, host or campaign.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

from scanner.behaviour.clients import is_chat_action, is_web_request
from scanner.behaviour.sources import SOURCES
from scanner.behaviour.values import NETWORK

__all__ = ["ASSUMED_MODULES", "MODULES", "NATIVE_CALL", "Effect", "canonical", "effect_of", "source_of"]


class Effect(StrEnum):
    """What a call does."""

    EXECUTE = "execute"
    IMPORT = "import"
    DESERIALIZE = "deserialize"
    NATIVE = "native"
    PROCESS = "process"
    NETWORK = "network"
    RESOLVE = "resolve"
    DOWNLOAD = "download"
    WRITE = "write"
    OPEN = "open"
    COPY = "copy"
    DELETE = "delete"
    REGISTRY = "registry"
    INPUT_HOOK = "input-hook"
    CLIPBOARD = "clipboard"
    WALK = "walk"
    CLIENT = "client"
    REDIRECT = "redirect"
    BROWSE = "browse"


def _table(effect: Effect, *lines: str) -> dict[str, Effect]:
    return {name: effect for line in lines for name in line.split()}


_EFFECTS: Final[dict[str, Effect]] = {
    **_table(
        Effect.EXECUTE,
        "builtins.exec builtins.eval builtins.execfile types.FunctionType types.LambdaType runpy.run_path",
        "runpy._run_code runpy.run_module code.interact code.InteractiveInterpreter().runsource",
        "code.InteractiveInterpreter().runcode code.InteractiveConsole().push code.InteractiveConsole().runsource",
        "timeit.timeit pdb.run cProfile.run profile.run imp.load_source imp.load_compiled",
        "IPython.get_ipython().run_cell trace.Trace().run bdb.Bdb().run js2py.eval_js",
    ),
    **_table(
        Effect.IMPORT,
        "builtins.__import__ importlib.import_module importlib.__import__ importlib.util.spec_from_file_location",
        "imp.load_module importlib.machinery.SourceFileLoader importlib.machinery.SourcelessFileLoader",
        "importlib.reload zipimport.zipimporter importlib.machinery.ExtensionFileLoader imp.load_dynamic",
    ),
    **_table(
        Effect.DESERIALIZE,
        "marshal.loads marshal.load pickle.loads pickle.load cPickle.loads _pickle.loads _pickle.load dill.loads",
        "dill.load cloudpickle.loads cloudpickle.load pickle.Unpickler joblib.load jsonpickle.decode torch.load",
        "yaml.unsafe_load",
    ),
    **_table(
        Effect.NATIVE,
        "ctypes.CDLL ctypes.WinDLL ctypes.PyDLL ctypes.OleDLL ctypes.cdll.LoadLibrary ctypes.windll.LoadLibrary",
        "ctypes.windll.kernel32.VirtualAlloc ctypes.windll.kernel32.VirtualProtect",
        "ctypes.windll.kernel32.CreateThread ctypes.windll.kernel32.RtlMoveMemory",
        "ctypes.windll.kernel32.WriteProcessMemory ctypes.CFUNCTYPE()() ctypes.windll.kernel32.CreateRemoteThread",
        "ctypes.windll.kernel32.VirtualAllocEx ctypes.windll.kernel32.LoadLibraryA",
    ),
    **_table(
        Effect.PROCESS,
        "os.system os.popen os.popen2 os.popen3 os.popen4 os.startfile os.execl os.execle os.execlp os.execlpe",
        "os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve",
        "os.spawnvp os.spawnvpe os.posix_spawn os.posix_spawnp subprocess.run subprocess.call subprocess.Popen",
        "subprocess.check_call subprocess.check_output subprocess.getoutput subprocess.getstatusoutput",
        "commands.getoutput pty.spawn pexpect.spawn commands.getstatusoutput asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell pexpect.run popen2.popen2 ctypes.windll.shell32.ShellExecuteW",
        "ctypes.windll.shell32.ShellExecuteA win32api.ShellExecute win32api.WinExec win32process.CreateProcess",
        "_winapi.CreateProcess ctypes.windll.kernel32.WinExec ctypes.windll.kernel32.CreateProcessW",
        "distutils.spawn.spawn pip.main pip._internal.main pip._internal.cli.main.main pip._internal.main.main",
        "sh.bash sh.sh win32com.client.Dispatch().Run win32com.client.Dispatch().ShellExecute",
        "win32com.client.Dispatch().Exec invoke.run fabric.Connection().run subprocess32.Popen subprocess32.call",
        "ctypes.cdll.msvcrt.system",
    ),
    **_table(
        Effect.NETWORK,
        "requests.get requests.post requests.put requests.patch requests.delete requests.head requests.options",
        "requests.request httpx.get httpx.post httpx.put httpx.patch httpx.delete httpx.head httpx.request",
        "httpx.stream aiohttp.request urllib.request.urlopen urllib2.urlopen urllib.urlopen urllib3.request",
        "urllib3.PoolManager().request http.client.HTTPConnection().request http.client.HTTPSConnection().request",
        "httplib.HTTPConnection().request http.client.HTTPConnection().getresponse",
        "http.client.HTTPSConnection().getresponse urllib.request.build_opener().open",
        "httplib.HTTPSConnection().request socket.create_connection socket.socket().connect",
        "socket.socket().connect_ex socket.socket().send socket.socket().sendall socket.socket().sendto",
        "socket.socket().recv socket.socket().recvfrom socket.create_connection().send",
        "socket.create_connection().sendall socket.create_connection().recv ssl.wrap_socket().send",
        "ssl.wrap_socket().sendall ssl.wrap_socket().recv asyncio.open_connection smtplib.SMTP().sendmail",
        "smtplib.SMTP_SSL().sendmail smtplib.SMTP().send_message smtplib.SMTP_SSL().send_message",
        "ftplib.FTP().storbinary ftplib.FTP().retrbinary ftplib.FTP().storlines ftplib.FTP telnetlib.Telnet",
        "paramiko.Transport paramiko.SSHClient().connect websocket.create_connection websocket.WebSocketApp",
        "websockets.connect pycurl.Curl().perform discord_webhook.DiscordWebhook().execute dhooks.Webhook().send",
        "discord.SyncWebhook.from_url().send telegram.Bot().send_message discord.Webhook.from_url().send",
        "telebot.TeleBot().send_message telebot.TeleBot().send_document telegram.Bot().send_document",
        "curl_cffi.requests.get curl_cffi.requests.post cloudscraper.create_scraper().get",
        "cloudscraper.create_scraper().post xmlrpc.client.ServerProxy xmlrpclib.ServerProxy",
        "urllib.request.URLopener().open httplib2.Http().request discord_webhook.DiscordWebhook dhooks.Webhook",
        "pymongo.MongoClient pusher.Pusher().trigger mechanize.Browser().open discord.Client().run",
        "discord.ext.commands.Bot().run telebot.TeleBot().polling telebot.TeleBot().infinity_polling",
        "socketio.Client().connect socketio.Client().emit paho.mqtt.client.Client().connect",
        "firebase_admin.initialize_app pyrogram.Client telethon.TelegramClient telethon.sync.TelegramClient",
        "requests_html.HTMLSession().get twilio.rest.Client",
    ),
    **_table(
        Effect.RESOLVE,
        "socket.gethostbyname socket.getaddrinfo socket.gethostbyname_ex dns.resolver.query dns.resolver.resolve",
        "dns.resolver.Resolver().query dns.resolver.Resolver().resolve",
    ),
    **_table(
        Effect.DOWNLOAD,
        "urllib.request.urlretrieve urllib.urlretrieve wget.download gdown.download",
        "urllib.request.URLopener().retrieve urllib.request.FancyURLopener().retrieve pget.down pySmartDL.SmartDL",
        "urllib.request.build_opener().retrieve git.Repo.clone_from git.Git().clone pygit2.clone_repository",
        "dulwich.porcelain.clone",
    ),
    **_table(Effect.WRITE, "os.write"),
    **_table(
        Effect.COPY,
        "shutil.copy shutil.copyfile shutil.copy2 shutil.move os.rename os.replace os.link os.symlink",
        "shutil.copytree",
    ),
    **_table(Effect.DELETE, "shutil.rmtree os.removedirs"),
    **_table(
        Effect.REGISTRY,
        "winreg.SetValueEx winreg.SetValue winreg.CreateKey winreg.CreateKeyEx _winreg.SetValueEx",
        "_winreg.CreateKey win32api.RegSetValueEx",
    ),
    **_table(
        Effect.INPUT_HOOK,
        "pynput.keyboard.Listener pynput.mouse.Listener keyboard.on_press keyboard.hook keyboard.on_release",
        "pyHook.HookManager keyboard.record keyboard.read_event",
    ),
    **_table(
        Effect.CLIPBOARD,
        "pyperclip.copy clipboard.copy win32clipboard.SetClipboardText win32clipboard.SetClipboardData",
        "tkinter.Tk().clipboard_append xerox.copy pandas.io.clipboard.copy pandas.io.clipboard.clipboard_set",
    ),
    **_table(
        Effect.WALK, "os.walk os.scandir os.listdir glob.glob glob.iglob pathlib.Path().rglob pathlib.Path().glob"
    ),
    **_table(
        Effect.CLIENT,
        "telebot.TeleBot telebot.async_telebot.AsyncTeleBot telegram.Bot telegram.ext.Updater aiogram.Bot",
        "telegram.ext.ApplicationBuilder().token telegram.ext.Application.builder().token nextcord.Client().run",
        "nextcord.ext.commands.Bot().run disnake.ext.commands.Bot().run slack_sdk.WebClient vk_api.VkApi",
    ),
    **_table(Effect.REDIRECT, "os.dup2"),
    **_table(Effect.BROWSE, "webbrowser.open webbrowser.open_new webbrowser.open_new_tab"),
}

#: Modules whose name, wherever it hangs, is the module itself (`random._os` is `os`).
MODULES: Final = frozenset(
    {"base64", "builtins", "ctypes", "importlib", "marshal", "os", "pickle", "socket", "subprocess", "sys", "zlib"}
)

#: Modules that a name means when nothing binds it.
ASSUMED_MODULES: Final = MODULES | {
    "requests",
    "urllib",
    "shutil",
    "platform",
    "getpass",
    "httpx",
    "tempfile",
    "codecs",
}

#: Functions that make memory executable, fill it or start it, in whatever way the library was loaded.
NATIVE_CALL: Final = re.compile(
    r"ctypes\.(?:windll|cdll|oledll|WinDLL\(\)|CDLL\(\)|LibraryLoader\(\))[\w.]{0,24}\.(?:VirtualAlloc\w{0,8}|VirtualProtect\w{0,4}"
    r"|RtlMoveMemory|WriteProcessMemory|Create(?:Remote)?Thread\w{0,4}|NtAllocateVirtualMemory|NtWriteVirtualMemory"
    r"|NtCreateThreadEx|QueueUserAPC|mprotect|RtlCopyMemory|EnumSystemLocalesA|HeapCreate)"
)

_ALIASES: Final = {
    "posix": "os",
    "nt": "os",
    "__builtin__": "builtins",
    "__builtins__": "builtins",
    "six.moves.builtins": "builtins",
    "six.moves.urllib.request": "urllib.request",
    "urllib.request.Request": "urllib.request.Request",
    "_socket": "socket",
    "_io.open": "builtins.open",
    "pathlib.os": "os",
    "concurrent.futures.thread.os": "os",
    "requests.api": "requests",
    "requests.models": "requests.models",
    "socket.SocketType": "socket.socket",
    "types.BuiltinFunctionType": "types.BuiltinFunctionType",
    "pynput.keyboard._Listener": "pynput.keyboard.Listener",
    "discord.ext.commands.AutoShardedBot": "discord.ext.commands.Bot",
    "ctypes.cdll.kernel32": "ctypes.windll.kernel32",
    "ctypes.windll.LoadLibrary()": "ctypes.windll.kernel32",
    "ctypes.WinDLL()": "ctypes.windll.kernel32",
    "ctypes.CDLL()": "ctypes.cdll.library",
    "ImageGrab": "PIL.ImageGrab",
    "win32com.client.CreateObject": "win32com.client.Dispatch",
    "comtypes.client.CreateObject": "win32com.client.Dispatch",
}


@lru_cache(maxsize=65536)
def canonical(ref: str) -> str:
    """The one name under which the tables know the thing that is called `ref`."""
    head, dot, last = ref.rpartition(".")
    if last in {"__call__", "__wrapped__", "__func__"} and dot:
        return head
    bare = last.strip("_")
    if dot and bare in MODULES and head != bare and last in {bare, f"_{bare}"}:
        return bare
    if dot and last in {"__builtins__", "__builtin__"}:
        return "builtins"
    if dot and last == "__globals__":
        return "globals()"
    first, _, rest = ref.partition(".")
    if first in {"posix", "nt", "__builtin__", "__builtins__", "_socket"}:
        return f"{_ALIASES[first]}.{rest}" if rest else _ALIASES[first]
    return _ALIASES.get(ref, ref)


@lru_cache(maxsize=65536)
def effect_of(ref: str) -> Effect | None:
    """What calling `ref` does, when it is known to do anything that matters."""
    found = _EFFECTS.get(ref)
    if found is not None:
        return found
    if is_web_request(ref) or is_chat_action(ref):
        return Effect.NETWORK
    return Effect.NATIVE if NATIVE_CALL.fullmatch(ref) else None


@lru_cache(maxsize=65536)
def source_of(ref: str) -> tuple[int, str] | None:
    """The taint that the result of `ref` carries, and what it is."""
    found = SOURCES.get(ref)
    if ref.startswith("flask.request."):
        return NETWORK, "request of a client"
    if found is None and effect_of(ref) in {Effect.NETWORK, Effect.DOWNLOAD}:
        return NETWORK, f"answer to {ref.replace('()', '')}"
    return found
