"""Where data comes from that says something of the machine, of its user, or of what nobody may know."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from scanner.behaviour.values import (
    CLIPBOARD,
    CREDENTIAL,
    DECODED,
    ENVIRONMENT_ALL,
    FILE,
    HOST_ADDRESS,
    HOST_NAME,
    MACHINE,
    NAMED_SECRET,
    NETWORK,
    PROSE,
    SCREEN,
    SOCKET,
    UNKNOWN,
    USER_NAME,
    WORKING_FOLDER,
    Value,
    tainted,
)

__all__ = ["HOST_COMMANDS", "HOST_VARIABLES", "SOURCES", "of_parameter", "sourced"]

_BROWSERS: Final = (
    "chrome",
    "chromium",
    "firefox",
    "edge",
    "opera",
    "opera_gx",
    "brave",
    "vivaldi",
    "load",
    "any_browser",
)

#: What calls give back.
SOURCES: Final[dict[str, tuple[int, str]]] = {
    "socket.gethostname": (HOST_NAME, "host name"),
    "socket.getfqdn": (HOST_NAME, "host name"),
    "platform.node": (HOST_NAME, "host name"),
    "platform.uname": (MACHINE, "machine description"),
    "os.uname": (MACHINE, "machine description"),
    "getpass.getuser": (USER_NAME, "user name"),
    "os.getlogin": (USER_NAME, "user name"),
    "pwd.getpwuid": (USER_NAME, "user account"),
    "uuid.getnode": (HOST_ADDRESS, "hardware address"),
    "psutil.users": (USER_NAME, "users logged in"),
    "psutil.net_if_addrs": (HOST_ADDRESS, "network addresses"),
    "netifaces.ifaddresses": (HOST_ADDRESS, "network addresses"),
    "win32api.GetUserName": (USER_NAME, "user name"),
    "win32api.GetComputerName": (HOST_NAME, "host name"),
    "os.getcwd": (WORKING_FOLDER, "working folder"),
    "os.getcwdb": (WORKING_FOLDER, "working folder"),
    "pathlib.Path.cwd": (WORKING_FOLDER, "working folder"),
    "os.environ": (ENVIRONMENT_ALL, "whole environment"),
    "os.environb": (ENVIRONMENT_ALL, "whole environment"),
    "pyperclip.paste": (CLIPBOARD, "clipboard"),
    "win32clipboard.GetClipboardData": (CLIPBOARD, "clipboard"),
    "tkinter.Tk().clipboard_get": (CLIPBOARD, "clipboard"),
    **dict.fromkeys(
        (f"{jar}.{browser}" for jar in ("browser_cookie3", "rookiepy", "browsercookie") for browser in _BROWSERS),
        (CREDENTIAL, "cookies of a browser"),
    ),
    **dict.fromkeys(
        (
            *("solders.keypair.Keypair", "solana.keypair.Keypair", "solders.keypair.Keypair.from_seed"),
            *("eth_account.Account.create", "mnemonic.Mnemonic().generate", "tronpy.keys.PrivateKey.random"),
            "bip_utils.Bip39MnemonicGenerator().FromWordsNumber",
        ),
        (NAMED_SECRET, "key of a new wallet"),
    ),
    **dict.fromkeys(
        (
            f"{made}.get_credentials"
            for made in ("boto3.Session()", "boto3.session.Session()", "botocore.session.Session()")
        ),
        (CREDENTIAL, "keys to a cloud"),
    ),
    "PIL.ImageGrab.grab": (SCREEN, "screen shot"),
    "PIL.ImageGrab.grabclipboard": (CLIPBOARD, "clipboard"),
    "pyautogui.screenshot": (SCREEN, "screen shot"),
    "pyscreenshot.grab": (SCREEN, "screen shot"),
    "mss.mss().shot": (SCREEN, "screen shot"),
    "mss.mss().grab": (SCREEN, "screen shot"),
    "cv2.VideoCapture().read": (SCREEN, "camera picture"),
    "sounddevice.rec": (SCREEN, "sound recording"),
    "socket.socket": (SOCKET, "socket"),
    "pkgutil.get_data": (FILE, "file of the artifact"),
    "importlib.resources.read_text": (FILE, "file of the artifact"),
    "importlib.resources.read_binary": (FILE, "file of the artifact"),
    "linecache.getlines": (FILE, "file"),
    "linecache.getline": (PROSE, "line of a file"),
    "inspect.getdoc": (PROSE, "documentation string"),
    "inspect.getcomments": (PROSE, "comment"),
    "pydoc.getdoc": (PROSE, "documentation string"),
    "pydoc.render_doc": (PROSE, "documentation"),
    "win32crypt.CryptUnprotectData": (DECODED, "decrypted by the user's key"),
    "stepic.decode": (DECODED, "hidden in a picture"),
    "stegano.lsb.reveal": (DECODED, "hidden in a picture"),
    "judyb.lsb.reveal": (DECODED, "hidden in a picture"),
}

#: Environment variables that say who and where.
HOST_VARIABLES: Final = {
    **dict.fromkeys(("USERNAME", "USER", "LOGNAME"), USER_NAME),
    **dict.fromkeys(("COMPUTERNAME", "HOSTNAME", "USERDOMAIN"), HOST_NAME),
}
#: Commands whose output says it.
HOST_COMMANDS: Final = {
    **dict.fromkeys(("env", "printenv", "set"), ENVIRONMENT_ALL),
    **dict.fromkeys(("whoami", "id", "net user"), USER_NAME),
    **dict.fromkeys(("ifconfig", "ipconfig", "ip a", "arp", "getmac"), HOST_ADDRESS),
    "hostname": HOST_NAME,
}

#: Names, in lower case, of what opens a wallet.
_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:private_?key|priv_?key|mnemonics?|seed_?phrase|secret_?phrase|recovery_?phrase|wallet_key|pk_hex)"
    r"(?:_(?:hex|phrase|words|str|string|bytes|b58|base58))?$"
)
_SECRET: Final = Value(taint=NAMED_SECRET)
#: Names that are sources by themselves, without a call.
_SOURCED: Final = {
    **dict.fromkeys(("os.environ", "os.environb"), (ENVIRONMENT_ALL, "whole environment")),
    "flask.request": (NETWORK, "request of a client"),
}


@lru_cache(maxsize=65536)
def of_parameter(name: str) -> Value:
    """What a parameter of that name holds when nothing is known of the call."""
    return _SECRET if _SECRET_NAME.search(name.lower()) else UNKNOWN


def sourced(value: Value, line: int) -> Value:
    """`value` with its taint, where the very name is a source (`os.environ`)."""
    return tainted(value, *_SOURCED[value.ref], line) if value.ref in _SOURCED else value
