"""What texts say: addresses, commands and places, recognised by how such things are written.

No pattern names a project, a campaign or one of its hosts; services that anybody may use to receive data are named.
All patterns are bounded, because the texts are hostile.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "BOT_TOKEN",
    "CARRIED_PROGRAM",
    "CLIPBOARD_COMMAND",
    "COMMAND_DOWNLOAD",
    "COMMAND_PERSISTENCE",
    "COMMAND_RUNS_DOWNLOAD",
    "COMMAND_SENDS",
    "CREDENTIAL_COMMAND",
    "CREDENTIAL_FAMILIES",
    "CREDENTIAL_PLACE",
    "DATA_FILE",
    "DESTRUCTIVE",
    "ENCODED_SHELL",
    "FETCHING_TOOL",
    "FIXED_ADDRESS",
    "HANDLING_TOOL",
    "HIDDEN_PLACE",
    "HIDDEN_SHELL",
    "HOST_COMMAND",
    "INTERACTIVE_SHELL",
    "INTERPRETER",
    "IP_SERVICE",
    "KEY_SERVICE",
    "LISTENING_INTERPRETER",
    "OPEN_COMMAND",
    "PASSWORD_PROMPT",
    "PERSISTENT_PLACE",
    "PERSONAL_RECEIVER",
    "PIP_INSTALL",
    "PRIVILEGE",
    "PROGRAM",
    "PROGRAM_ADDRESS",
    "PROGRAM_NAME",
    "PROGRAM_PLACE",
    "RAW_ADDRESS",
    "RECEIVER",
    "REVERSE_SHELL",
    "SENDING_TOOL",
    "WEBHOOK",
    "WEBHOOK_WITH_SECRET",
]

_I: Final = re.IGNORECASE

CREDENTIAL_PLACE: Final = re.compile(
    r"Login Data|Local State|logins\.json|key4\.db|cookies\.sqlite|[/\\]Cookies\b|leveldb|wallet\.dat|[/\\]tdata\b"
    r"|\.ssh(?:[/\\](?!known_hosts|config)|$)|id_(?:rsa|ed25519|ecdsa|dsa)\b|\.aws[/\\]?(?:credentials|config)?|\.netrc\b|\.pypirc\b|\.npmrc\b"
    r"|\.git-credentials|/etc/(?:passwd|shadow)\b|\.kube[/\\]config|\.docker[/\\]config\.json|\.config[/\\]gcloud"
    r"|application_default_credentials|\.config[/\\]solana|_history\b|Electrum[/\\]wallets|Exodus[/\\]|Web Data\b"
    r"|Ethereum[/\\]keystore|\.gnupg|\.azure[/\\]|Telegram Desktop|serviceaccount/token"
    r"|(?:^|[/\\\ufffc])\.env$|/proc/(?:self|\d{1,7})/environ"
    r"|launcher_accounts|\.minecraft[/\\]|\.config[/\\]gh[/\\]hosts|\.vault-token|\.databrickscfg|\.cargo[/\\]credentials|\.password-store|Library[/\\]Keychains|\.terraform\.d",
)
#: Commands that print what opens something.
CREDENTIAL_COMMAND: Final = re.compile(
    r"\bgh\s{1,4}auth\s{1,4}token|\bgcloud\s.{0,40}print-(?:access|identity)-token|\baz\s{1,4}account\s{1,4}get-access-token"
    r"|\bkubectl\s.{0,40}(?:get\s{1,4}secrets?|config\s{1,4}view)|\bsecurity\s{1,4}(?:find|dump)-|\bcmdkey\b.{0,10}/list"
    r"|\bnetsh\s{1,4}wlan\s.{0,80}key=clear|\bgit\s{1,4}credential\s{1,4}fill|\baws\s{1,4}configure\s{1,4}(?:get|export)|\bpass\s{1,4}show\b",
    re.IGNORECASE,
)
#: A window that asks for the password of the machine.
PASSWORD_PROMPT: Final = re.compile(
    r"\bosascript\b.{0,400}(?:hidden answer|with administrator privileges)|PromptForCredential|\bGet-Credential\b",
    re.IGNORECASE | re.DOTALL,
)

#: Stores that a thief visits together. One name in a text says little, two kinds of them beside a sender say much.
CREDENTIAL_FAMILIES: Final = (
    re.compile(r"Login Data|logins\.json|key4\.db|cookies\.sqlite|CryptUnprotectData|os_crypt|encrypted_key"),
    re.compile(r"Local Storage.{0,6}leveldb|discordcanary|discordptb|dQw4w9WgXcQ|mfa\\\.\[|\[\\w-\]\{24\}"),
    re.compile(
        r"wallet\.dat|Exodus.{0,4}exodus\.wallet|Electrum.{0,4}wallets|nkbihfbeogaeaoehlefnkodbefgpgknn|Ethereum.{0,4}keystore"
    ),
    re.compile(r"id_rsa|id_ed25519|\.ssh[/\\'\"]"),
    re.compile(
        r"\.aws[/\\]?credentials|['\"]\.aws['\"]|\.kube[/\\]config|application_default_credentials|\.azure[/\\]"
    ),
    re.compile(r"\.git-credentials|\.pypirc|\.npmrc|\.netrc|\.docker[/\\]config\.json"),
    re.compile(r"Telegram Desktop.{0,4}tdata|['\"]tdata['\"]|ssfn|\.minecraft|\.ROBLOSECURITY"),
    re.compile(r"/etc/shadow|bash_history|zsh_history"),
)

HOST_COMMAND: Final = re.compile(
    r"\s{0,8}(?:/usr/bin/|/bin/|cmd(?:\.exe)? /c )?(whoami|hostname|ifconfig|ipconfig|systeminfo|uname|id|env"
    r"|printenv|set|wmic|net user|ip a|arp|getmac)(?:\s|$)",
    _I,
)
IP_SERVICE: Final = re.compile(
    r"ipify|ifconfig\.(?:me|co)|ipinfo\.io|icanhazip|ip-api|checkip|myip|ident\.me|wtfismyip|ipapi|geolocation-db"
    r"|ipwho\.is|ip\.sb|jsonip",
    _I,
)

_GET: Final = (
    r"(?:\bcurl\b|\bwget\b|Invoke-WebRequest|\biwr\b|\birm\b|Invoke-RestMethod|DownloadFile|DownloadString|DownloadData"
    r"|Start-BitsTransfer|\bbitsadmin\b|certutil\S{0,4}.{0,40}-urlcache|Net\.WebClient)"
)
COMMAND_DOWNLOAD: Final = re.compile(_GET, _I)
COMMAND_RUNS_DOWNLOAD: Final = re.compile(
    rf"{_GET}.{{0,600}}\|\s{{0,4}}(?:sudo\s{{1,4}})?(?:/bin/|/usr/bin/)?(?:ba|z|da|k)?sh\b"
    rf"|{_GET}.{{0,600}}\|\s{{0,4}}(?:sudo\s{{1,4}})?(?:python|perl|ruby|node|php|iex)"
    rf"|(?:\biex\b|Invoke-Expression).{{0,300}}{_GET}"
    rf"|(?:ba|z)?sh\s+(?:-c\s+)?[\"'(<$]{{1,3}}\(?\s?(?:curl|wget)"
    rf"|{_GET}.{{0,600}}(?:&&|;|\n|&).{{0,200}}(?:chmod|start|Start-Process|Invoke-Expression|\./|python|\bsh\b|\.exe)"
    r"|\bgit\s{1,4}clone\s.{0,300}(?:&&|;).{0,200}(?:python|\./|\bba?sh\s|node\s|pip\s{1,4}install)"
    r"|mshta(?:\.exe)?\s{1,4}\S{0,4}(?:https?:|javascript:|vbscript:)|regsvr32.{0,80}https?:|rundll32.{0,80}(?:https?:|javascript:)"
    r"|msiexec.{0,40}https?:",
    _I | re.DOTALL,
)
HIDDEN_SHELL: Final = re.compile(
    r"powershell(?:\.exe)?.{0,200}(?:-e(?:nc(?:odedcommand)?|c)?\s{1,4}[A-Za-z0-9+/=]{16}|-w(?:indowstyle)?\s{1,4}(?:hidden|1\b)"
    r"|FromBase64String|-exec(?:utionpolicy)?\s{1,4}bypass|\biex\b|Invoke-Expression|-nop\b)"
    r"|base64\s{1,4}(?:-d|-D|--decode).{0,400}\|\s{0,4}(?:sudo\s)?(?:/bin/|/usr/bin/)?(?:ba|z|da)?sh\b"
    r"|base64\s{1,4}(?:-d|-D|--decode).{0,400}\|\s{0,4}(?:python|perl|ruby|node|php)"
    r"|Add-MpPreference.{0,60}-Exclusion|Set-MpPreference.{0,60}Disable",
    _I | re.DOTALL,
)
#: An interpreter that is told nothing: it waits for code in its input.
LISTENING_INTERPRETER: Final = re.compile(
    r"\s{0,4}[\"']?(?:\ufffc|(?:[\w:\\/.-]{0,80}[\\/])?(?:python[\d.]{0,5}w?|sh|bash|zsh|node|perl|ruby|powershell|cmd)(?:\.exe)?)[\"']?"
    r"(?:\s{1,4}(?:-|-\d{1,3}|/dev/stdin|-s|\d{1,12}|True|False|\ufffc)){0,12}\s{0,4}",
    _I,
)
#: What of the above nobody writes who has nothing to hide.
ENCODED_SHELL: Final = re.compile(
    r"powershell(?:\.exe)?.{0,200}(?:-e(?:nc(?:odedcommand)?|c)?\s{1,4}[A-Za-z0-9+/=]{16}|FromBase64String)"
    r"|base64\s{1,4}(?:-d|-D|--decode).{0,400}\|\s{0,4}(?:sudo\s)?(?:/bin/|/usr/bin/)?(?:(?:ba|z|da)?sh|python|perl|ruby|node|php)\b"
    r"|Add-MpPreference.{0,60}-Exclusion|Set-MpPreference.{0,60}Disable",
    _I | re.DOTALL,
)
#: Places that nobody looks into.
HIDDEN_PLACE: Final = re.compile(
    r"/(?:var/)?tmp/|%(?:TEMP|TMP|APPDATA|LOCALAPPDATA|PROGRAMDATA|PUBLIC)%|/dev/shm/|[/\\]\.\w[\w.-]{0,60}$|AppData[/\\]|ProgramData[/\\]"
    r"|Users[/\\]Public|/\.(?:cache|local|config)/\.?\w",
    _I,
)
REVERSE_SHELL: Final = re.compile(
    r"/dev/tcp/|\bbash\s{1,4}-i\b|\bnc(?:at)?\s.{0,80}\s-e\b|\bnc(?:at)?\s{1,4}-e\b|mkfifo\s.{0,160}\bnc\b|socat\s.{0,160}exec:"
    r"|telnet\s.{0,80}\|\s{0,4}/bin/(?:ba)?sh",
    _I,
)
COMMAND_PERSISTENCE: Final = re.compile(
    r"schtasks(?:\.exe)?\s.{0,40}/create|reg(?:\.exe)?\s{1,4}add\s.{0,120}\\Run|crontab\s{1,4}(?!-[lheu])\S|\|\s{0,4}crontab"
    r"|\bnet1?(?:\.exe)?\s{1,4}(?:user\s{1,4}\S{1,40}\s{1,4}\S{1,40}\s{1,4}/add|localgroup\s.{0,60}/add)|\buseradd\s{1,4}\S"
    r"|launchctl\s{1,4}load|systemctl\s.{0,40}enable|New-ScheduledTask|CurrentVersion\\+Run|>>\s{0,4}~?/?\S{0,60}\.(?:bashrc|zshrc|profile)",
    _I,
)
DESTRUCTIVE: Final = re.compile(
    r"\brm\s{1,4}-(?:rf|fr|r\s{1,4}-f)\s{1,4}(?:/(?:\s|$|\*)|~|--no-preserve-root|\$HOME)|vssadmin\s.{0,40}delete|\bformat\s{1,4}c:"
    r"|dd\s{1,4}if=/dev/(?:zero|random)\s.{0,40}of=/dev/sd|\bdel\s.{0,40}C:\\(?:Windows|\*)|shutdown\s{1,4}[-/][sr]\b",
    _I,
)
PIP_INSTALL: Final = re.compile(
    r"\bpip3?(?:\.exe)?\s.{0,40}\binstall\b|\binstall\b.{0,60}(?:--index-url|git\+http)", _I
)
PROGRAM: Final = re.compile(r"\.(?:exe|bat|cmd|vbs|ps1|scr|hta|jse|wsf|msi|jar|apk|elf|sh)\b", _I)
PROGRAM_NAME: Final = re.compile(
    r"[\w-]{1,80}\.(?:exe|bat|cmd|vbs|ps1|scr|hta|jse|wsf|msi|jar|elf|sh|bin|dll|so|pyw)\b"
)
CARRIED_PROGRAM: Final = re.compile(r"[\w-]{1,80}\.(?:exe|bat|cmd|vbs|ps1|scr|hta|msi|jar|dll|ocx|cpl)\b", _I)
#: Commands that run a file: an interpreter before it, or the file as the command itself.
INTERPRETER: Final = re.compile(
    r"\s{0,8}[\"']?(?:\ufffc|%\w{1,40}%|[\w:.~-]{0,60}[/\\]|start\b|cmd\b|[\w:\\/. -]{0,60}\.(?:exe|bat|vbs|ps1|cmd)\b"
    r"|(?:[\w/]{0,40}/)?(?:python[\d.]{0,5}w?|sh|bash|node|perl|ruby|php|cscript|wscript|powershell|open|chmod)\b)",
    _I,
)
#: A command that only fetches.
FETCHING_TOOL: Final = re.compile(r"\s{0,8}(?:/usr/bin/)?(?:curl|wget|aria2c)\s[^;&|`$<>\n]{0,2000}$")
#: A tool that looks at a file, unpacks or copies it, and nothing behind it: it runs no part of the file.
HANDLING_TOOL: Final = re.compile(
    r"\s{0,8}[\"']?(?:/usr/bin/|/bin/)?(?:(?:file|tar|unzip|gunzip|gzip|xz|ls|du|cat|cp|mv|rm|gpg|shasum|sha256sum|md5sum|otool"
    r"|lipo|codesign|install_name_tool|strip|ldd|readelf|nm)|(?:git|hg|svn|\ufffc)[\"']?\s{1,4}(?:clone|checkout|fetch|pull|co))"
    r"[\"']?\s[^;&|`$<>\n]{0,2000}",
)
#: A command of which the program itself is not known, or is a shell that is told what to do.
OPEN_COMMAND: Final = re.compile(
    r"\s{0,8}[\"']?\ufffc|\s{0,8}[\w:\\/.]{0,60}(?:sh|cmd|cmd\.exe|powershell|powershell\.exe|python[\d.]{0,5})[\"']?\s{1,4}"
    r"(?:-\w{1,12}|/c)\s.{0,200}\ufffc",
    _I | re.DOTALL,
)
INTERACTIVE_SHELL: Final = re.compile(
    r"\s{0,8}(?:[\w:\\/]{0,40}[\\/])?(?:(?:ba|z|k|da)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?)(?:\s{1,4}-i)?(?:\s{1,4}(?:\ufffc|-1|True|1)(?=\s|$)|\s{0,4}$)",
    _I,
)
PROGRAM_ADDRESS: Final = re.compile(
    r"https?://[^\s'\"]{3,300}\.(?:exe|bat|cmd|vbs|ps1|scr|hta|jse|wsf|msi|dll|elf|bin|apk|pyz|pyw|sh)(?:\?|\s|$|\")",
    _I,
)
RAW_ADDRESS: Final = re.compile(
    r"(?:https?://|tcp://|(?<![\w./-]))(?!127\.|0\.0\.0\.0|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|255\.|1\.1\.1\.1|8\.8\.[48]\.[48]|8\.8\.8\.8|22[4-9]\.)"
    r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.])"
)
#: An address on somebody else's machine, as it stands in the code.
FIXED_ADDRESS: Final = re.compile(
    r"(?:https?|ftp|wss?)://(?!localhost|127\.|0\.0\.0\.0|\[?::1|10\.|192\.168\.|169\.254\.|1\.1\.1\.1|8\.8\.8\.8)"
    r"[\w-]{1,63}\.[\w.-]{2,100}",
    _I,
)
#: The address, with its key, at which one person reads what arrives. No test can mean somebody else's.
PERSONAL_RECEIVER: Final = re.compile(
    r"webhook\.site/(?:#!/)?[0-9a-f]{8}-[0-9a-f]{4}-|\b[a-z0-9]{18,40}\.(?:oast(?:ify)?\.[a-z]{2,8}|interact\.sh)\b"
    r"|\b(?:eo|en)[a-z0-9]{8,24}\.m\.pipedream\.net|\b[a-z0-9]{20,40}\.burpcollaborator\.net|\b[a-z0-9]{6,10}\.dnslog\.cn"
    r"|\b[a-z0-9]{6}\.ceye\.io|requestbin\.(?:com|net|io)/r/\w{8}",
    _I,
)
RECEIVER: Final = re.compile(
    r"(?:oast(?:ify)?\.[a-z]{2,8}\b|interact\.sh|burpcollaborator\.net|requestbin\.|pipedream\.net|webhook\.site"
    r"|canarytokens|beeceptor\.com|hookbin\.com|dnslog\.(?:cn|link|pw)|ceye\.io|requestcatcher\.com|ngrok(?:-free)?\.(?:io|app|dev)"
    r"|trycloudflare\.com|serveo\.net|localhost\.run|loca\.lt|bxss\.me|xss\.ht|eo\w{5,20}\.m\.pipedream|postb\.in|mockbin\.org"
    r"|callback\.red|dnsbin|interactsh|rce\.ee|tunnelto\.dev|portmap\.(?:io|host)|ply\.gg)",
    _I,
)
WEBHOOK: Final = re.compile(
    r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/(?:\d{5,25}/[\w-]{8}|\ufffc)|api\.telegram\.org/bot(?:\d{5,15}:[\w-]{10}|\ufffc)"
    r"|hooks\.slack\.com/services/T\w{5}",
    _I,
)
#: Where machines in a cloud are told the keys to it.
KEY_SERVICE: Final = re.compile(
    r"169\.254\.169\.254/\S{0,80}(?:credential|token|iam)|metadata\.google\.internal\S{0,100}token|169\.254\.170\.2", _I
)
#: The key of a bot of Telegram or Discord.
BOT_TOKEN: Final = re.compile(
    r"(?<![\w/])\d{8,12}:[A-Za-z0-9_-]{33,40}(?!\w)|(?<!\w)[MNO][A-Za-z\d_-]{23,28}\.[\w-]{6,7}\.[\w-]{27,45}(?!\w)"
)
CLIPBOARD_COMMAND: Final = re.compile(r"(?:\|\s{0,4}clip(?:\.exe)?\b|Set-Clipboard|\bxclip\b.{0,40}-i|\bpbcopy\b)", _I)
PROGRAM_PLACE: Final = re.compile(r"\.(?:pyw?|exe|dll|bat|cmd|vbs|ps1|sh|jse?|hta|scr|jar|so|elf|msi)$", _I)
WEBHOOK_WITH_SECRET: Final = re.compile(
    r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{15,21}/[\w-]{40}|api\.telegram\.org/bot\d{8,12}:[\w-]{30}"
    r"|hooks\.slack\.com/services/T\w{7,}/B\w{7,}/\w{16}",
    _I,
)
#: Tools that carry data away, at the beginning of a command.
SENDING_TOOL: Final = re.compile(
    r"[^\n]{0,80}?\b(?:curl|wget|nslookup|dig|nc|ncat|ping|host|ssh|scp|sftp|ftp|Invoke-\w{1,40})\b", _I
)
COMMAND_SENDS: Final = re.compile(
    r"\b(?:curl|wget)\b.{0,400}(?:(?-i:\s-(?:d|F|T)\b)|--data|--form|--upload-file|--post-|\$\(|`|\$\{?(?:USER|HOSTNAME|HOME)\b)"
    r"|(?:\$\(|`).{0,80}(?:\)|`)\.[\w.-]{4,80}\.[a-z]{2,8}\b",
    _I | re.DOTALL,
)
PRIVILEGE: Final = re.compile(
    r"ms-settings\\{1,2}shell\\{1,2}open|DelegateExecute|fodhelper|computerdefaults\.exe|eventvwr\.exe|SilentCleanup",
    _I,
)
PERSISTENT_PLACE: Final = re.compile(
    r"Start Menu[/\\]+Programs[/\\]+Startup|\.bashrc|\.bash_profile|\.zshrc|(?<![\w])\.profile\b|/etc/cron"
    r"|/etc/rc\.local|/etc/profile"
    r"|\.config/autostart|LaunchAgents|LaunchDaemons|systemd/(?:system|user)/|authorized_keys|sitecustomize\.py|usercustomize\.py"
    r"|site-packages[/\\][\w.-]{1,60}\.pth|\.claude[/\\](?:settings|hooks)|\.vscode[/\\]tasks\.json|\.cursor[/\\]|mcp\.json|/etc/init\.d"
    r"|\.git[/\\]hooks[/\\]",
    _I,
)
DATA_FILE: Final = re.compile(
    r"content of .{0,200}\.(?:json|txt|md|rst|png|jpe?g|gif|bmp|ico|wav|mp3|mp4|dat|bin|log|ini|csv|xml|html"
    r"|css|svg|pdf|zip|woff2?|ttf)\b|content of (?:.{0,200}/)?(?:LICEN[CS]E|COPYING|README|NOTICE|AUTHORS|CHANGELOG)$",
    _I,
)
