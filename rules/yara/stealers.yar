// Code that looks for what is worth stealing.

rule discord_token_theft
{
    meta:
        id = "discord-token-theft"
        title = "search for Discord tokens"
        meaning = "The code searches the stored data of Discord and browsers for log-in tokens."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1528"
        reference = "https://attack.mitre.org/techniques/T1528/"
        false_positives = "None known."
    strings:
        $place1 = /Local Storage[\\\/]{1,4}leveldb/
        $place2 = /["']leveldb["']/
        $brand1 = "discordcanary" private
        $brand2 = "discordptb" private
        $brand3 = "lightcord" private
        $token1 = "[\\w-]{24}\\.[\\w-]{6}\\.[\\w-]"
        $token2 = "mfa\\.[\\w-]{8"
        $token3 = "dQw4w9WgXcQ:"
        $token4 = "[\\w-]{24,26}\\.[\\w-]{6}"
    condition:
        (any of ($place*) and any of ($token*)) or
        (any of ($token*) and any of ($brand*)) or
        (any of ($place*) and any of ($brand*))
}

rule discord_client_injection
{
    meta:
        id = "discord-client-injection"
        title = "change to the installed Discord client"
        meaning = "The code replaces a script inside the installed Discord program, so that it reports log-ins."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1554"
        reference = "https://attack.mitre.org/techniques/T1554/"
        false_positives = "Client modifications that the user installs on purpose."
    strings:
        $core = "discord_desktop_core"
        $index = "index.js" private
        $write1 = "betterdiscord" private
        $write2 = "core.asar" private
    condition:
        $core and ($index or any of ($write*))
}

rule browser_credentials
{
    meta:
        id = "browser-credentials"
        title = "access to the browser's stored passwords"
        meaning = "The code opens a browser's store of passwords, cookies or cards and has the means to decrypt it."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1555.003"
        reference = "https://attack.mitre.org/techniques/T1555/003/"
        false_positives = "Libraries that hand a user's own cookies to a script, and forensic tools."
    strings:
        $store1 = "Login Data"
        $store2 = "Web Data" private
        $store3 = /Network[\\\/]{1,4}Cookies/
        $store4 = "logins.json"
        $store5 = "cookies.sqlite"
        $store6 = "Local State" private
        $key1 = "CryptUnprotectData"
        $key2 = "os_crypt" private
        $key3 = "encrypted_key"
        $key4 = "key4.db"
        $key5 = "PK11SDR_Decrypt"
        $table1 = /SELECT [^\n]{0,60}password_value/
        $table2 = /SELECT [^\n]{0,80}card_number_encrypted/
        $table3 = /SELECT [^\n]{0,60}encrypted_value/
    condition:
        (any of ($store*) and any of ($key*)) or any of ($table*)
}

rule browser_profiles_listed
{
    meta:
        id = "browser-profiles-listed"
        title = "list of many browsers' profiles"
        meaning = "The file names the data folders of several browsers: the work list of a stealer."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1217"
        reference = "https://attack.mitre.org/techniques/T1217/"
        false_positives = "Libraries that read cookies for the user, browser automation."
        roles = "build install startup import command"
    strings:
        $chrome = /Google[\\\/]{1,4}Chrome[\\\/]{1,4}User Data/
        $edge = /Microsoft[\\\/]{1,4}Edge[\\\/]{1,4}User Data/
        $brave = /BraveSoftware[\\\/]{1,4}Brave-Browser/
        $opera = /Opera Software[\\\/]{1,4}Opera/
        $yandex = /Yandex[\\\/]{1,4}YandexBrowser/
        $vivaldi = /Vivaldi[\\\/]{1,4}User Data/
        $amigo = /Amigo[\\\/]{1,4}User Data/
        $torch = /Torch[\\\/]{1,4}User Data/
        $iridium = /Iridium[\\\/]{1,4}User Data/
    condition:
        3 of them
}

rule wallet_theft
{
    meta:
        id = "wallet-theft"
        title = "search for cryptocurrency wallets"
        meaning = "The file names the folders or browser extensions in which wallets keep their keys."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1657"
        reference = "https://attack.mitre.org/techniques/T1657/"
        false_positives = "Forensic tools, lists of browser extensions."
    strings:
        $extension1 = "nkbihfbeogaeaoehlefnkodbefgpgknn"
        $extension2 = "fhbohimaelbohpjbbldcngcnapndodjp"
        $extension3 = "hnfanknocfeofbddgcijnmhnfnkdnaad"
        $extension4 = "bfnaelmomeimhlpmgjnjophhpkkoljpa"
        $extension5 = "ibnejdfjmmkpcnlpebklmnkoeoihofec"
        $extension6 = "egjidjbpglichdcondbcbdnbeeppgdph"
        $extension7 = "aholpfdialjgjfhomihkjbmgjidlcdno"
        $folder1 = /[\\\/]exodus\.wallet/
        $folder2 = /Exodus[\\\/]{1,4}/
        $folder3 = /Ethereum[\\\/]{1,4}keystore/
        $folder4 = /atomic[\\\/]{1,4}Local Storage/
        $folder5 = /Electrum[\\\/]{1,4}wallets/
        $folder6 = /Coinomi[\\\/]{1,4}Coinomi/
        $folder7 = /Guarda[\\\/]{1,4}Local Storage/
        $folder8 = /Bitcoin[\\\/]{1,4}wallets/
        $folder9 = "com.liberty.jaxx"
    condition:
        any of ($extension*) or 2 of ($folder*)
}

rule wallet_secret_sent
{
    meta:
        id = "wallet-secret-sent"
        title = "wallet secrets beside an upload"
        meaning = "The file works with mnemonic phrases or private keys of a wallet and sends something by POST or to a chat."
        severity = "medium"
        confidence = "low"
        kind = "text"
        technique = "T1657"
        reference = "https://attack.mitre.org/techniques/T1657/"
        false_positives = "Ordinary wallet and exchange clients."
        roles = "build install startup import command"
    strings:
        $secret1 = "mnemonic" private
        $secret5 = "Mnemonic" private
        $secret2 = "private_key" private
        $secret3 = "seed_phrase" private
        $secret4 = "secret_key" private
        $chain1 = "solana."
        $chain2 = "eth_account"
        $chain3 = "Keypair.from_"
        $chain4 = "bip39"
        $chain5 = "tronpy"
        $chain6 = "web3"
    condition:
        any of ($secret*) and any of ($chain*) and uploads
}

rule credential_files_collected
{
    meta:
        id = "credential-files-collected"
        title = "credential files of several services"
        meaning = "The file names the places where different services keep keys and tokens, and uses the network."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1552.001"
        reference = "https://attack.mitre.org/techniques/T1552/001/"
        false_positives = "Secret scanners, backup tools, sandbox policies."
        roles = "build install startup import command"
    strings:
        $ssh = /\.ssh(\/|\\\\|["'], ?["'])(id_(rsa|ed25519|ecdsa|dsa)|\*)/
        $ssh2 = "id_ed25519"
        $aws = /\.aws(\/|\\\\|["'], ?["'])credentials/
        $kube = /\.kube(\/|\\\\|["'], ?["'])config/
        $gcloud = /\.config(\/|\\\\|["'], ?["'])gcloud/
        $azure = ".azure/"
        $npm = ".npmrc"
        $pypi = ".pypirc"
        $docker = /\.docker(\/|\\\\|["'], ?["'])config\.json/
        $git = ".git-credentials"
        $netrc = ".netrc"
        $gnupg = ".gnupg"
        $shadow = "/etc/shadow"
        $history = ".bash_history"
        $gh = ".config/gh/hosts.yml"
        $vault = ".vault-token"
    condition:
        4 of them and sends
}

rule secret_file_sent
{
    meta:
        id = "secret-file-sent"
        title = "secret file opened beside an upload"
        meaning = "The file opens a private key, a password file or cloud credentials and sends something out."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1552.004"
        reference = "https://attack.mitre.org/techniques/T1552/004/"
        false_positives = "Deployment tools with an HTTP client in the same file."
        roles = "build install startup import command"
    strings:
        $open1 = /(\.ssh\/id_|id_rsa|id_ed25519|\.aws\/credentials|\.kube\/config|\.pypirc|\.npmrc|\.git-credentials|\/etc\/shadow|\/etc\/passwd)[\w.]{0,20}["']\)?(, ?["']rb?["'])?\)/
        $cat = /cat (~|\/root|\$HOME)\/\.(ssh|aws|kube|npmrc|pypirc)/
        $environ = /["']\/proc\/(self|[0-9]{1,5})\/environ["']/
        $flag = /["'](\/tmp)?\/flag(\.txt)?["']/
    condition:
        any of them and uploads
}

rule environment_sent
{
    meta:
        id = "environment-sent"
        title = "all environment variables sent out"
        meaning = "All environment variables, which hold tokens and passwords on build machines, become the body of a request."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1552"
        reference = "https://attack.mitre.org/techniques/T1552/"
        false_positives = "Error reporters that send selected variables."
        roles = "build install startup import command"
    strings:
        $body = /(data|json|params|headers|content|body) ?[=:] ?(dict\()?(json\.dumps\()?(dict\()?(str\()?os\.environ\b[^.\[]/
        $dumped = /json\.dumps\((dict\()?os\.environ\b[^.\[]/
        $encoded = /(b64encode|urlencode|hexlify)\([^\n]{0,40}os\.environ\b[^.\[]/
        $joined = /join\([^\n]{0,60}for \w{1,10}, ?\w{1,10} in os\.environ\.items\(\)/
        $text = /(str|repr)\((dict\()?os\.environ\)/
        $command1 = /["'](env|printenv|set)["'], ?shell ?= ?True/
        $command2 = "popen(\"env\")"
        $command3 = "popen('env')"
        $command4 = "getoutput(\"env\")"
        $command5 = "getoutput('env')"
        $command6 = "check_output(\"env\""
        $command7 = "check_output('env'"
        $command8 = "printenv"
    condition:
        uploads and any of ($body, $dumped, $encoded, $joined, $text, $command*)
}

rule secret_variables_collected
{
    meta:
        id = "secret-variables-collected"
        title = "secrets of several services read from the environment"
        meaning = "The file reads environment variables with the tokens of different services and sends something out."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1552.007"
        reference = "https://attack.mitre.org/techniques/T1552/007/"
        false_positives = "Deployment and continuous-integration tools."
        roles = "build install startup import command"
    strings:
        $ = "AWS_SECRET_ACCESS_KEY"
        $ = "GITHUB_TOKEN"
        $ = "NPM_TOKEN"
        $ = "PYPI_TOKEN"
        $ = "TWINE_PASSWORD"
        $ = "DOCKER_PASSWORD"
        $ = "OPENAI_API_KEY"
        $ = "ANTHROPIC_API_KEY"
        $ = "SLACK_TOKEN"
        $ = "AZURE_CLIENT_SECRET"
        $ = "GOOGLE_APPLICATION_CREDENTIALS"
        $ = "VAULT_TOKEN"
        $ = "DATABASE_URL"
    condition:
        4 of them and uploads
}

rule cloud_metadata_credentials
{
    meta:
        id = "cloud-metadata-credentials"
        title = "request for credentials to the cloud's metadata service"
        meaning = "The code reads the role credentials that a cloud gives to its own machines."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1552.005"
        reference = "https://attack.mitre.org/techniques/T1552/005/"
        false_positives = "The software development kits of the clouds."
        roles = "build install startup import command"
    strings:
        $aws = /169\.254\.169\.254\/latest\/(meta-data\/iam|api\/token|dynamic\/instance-identity|user-data)/
        $aws2 = "latest/meta-data/iam/security-credentials"
        $ecs = "169.254.170.2"
        $gcp = "computeMetadata/v1/instance/service-accounts"
        $azure = "169.254.169.254/metadata/identity/oauth2/token"
    condition:
        any of them and sends
}

rule keylogger
{
    meta:
        id = "keylogger"
        title = "recorded keys beside an upload"
        meaning = "The code listens to every key that is pressed and has a way to send what it heard."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1056.001"
        reference = "https://attack.mitre.org/techniques/T1056/001/"
        false_positives = "Games, hot-key tools and remote-control software with a network part."
        roles = "build install startup import command"
    strings:
        $ = "pynput.keyboard"
        $ = /[f]ro[m] pynput [i]mpo[r]t keyboard/
        $ = "keyboard.on_press("
        $ = "keyboard.on_release("
        $ = "keyboard.hook("
        $ = "pyHook.HookManager"
        $ = "GetAsyncKeyState"
        $ = "SetWindowsHookEx"
    condition:
        any of them and uploads
}

rule screen_sent
{
    meta:
        id = "screen-sent"
        title = "pictures of the screen beside an upload"
        meaning = "The code makes screenshots, or pictures with the camera, and has a way to send them."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1113"
        reference = "https://attack.mitre.org/techniques/T1113/"
        false_positives = "Support tools, test runners that attach screenshots to reports."
        roles = "build install startup import command"
    strings:
        $ = "ImageGrab.grab("
        $ = "pyautogui.screenshot("
        $ = "mss.mss("
        $ = "pyscreenshot"
        $ = "CopyFromScreen"
        $ = "cv2.VideoCapture(0"
        $ = "screencapture -"
        $ = "with mss() as"
    condition:
        any of them and uploads
}

rule clipboard_hijack
{
    meta:
        id = "clipboard-hijack"
        title = "clipboard watched for payment addresses"
        meaning = "The code reads the clipboard and knows what addresses of cryptocurrencies look like: it exchanges the payee."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1115"
        reference = "https://attack.mitre.org/techniques/T1115/"
        false_positives = "None known."
    strings:
        $clip1 = "pyperclip"
        $clip2 = "OpenClipboard"
        $clip3 = "clipboard_get("
        $clip4 = "GetClipboardData"
        $clip5 = "clipboard.paste("
        $clip6 = "Get-Clipboard"
        $address1 = "[a-km-zA-HJ-NP-Z1-9]{2"
        $address2 = "0x[a-fA-F0-9]{40}"
        $address3 = "bc1)[a-zA-HJ-NP-Z0-9]"
        $address4 = "0x[0-9a-fA-F]{40}"
        $address5 = "bc1[a-"
        $address6 = "T[A-Za-z1-9]{33}"
        $address7 = "[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}"
    condition:
        any of ($clip*) and any of ($address*)
}

rule wireless_passwords
{
    meta:
        id = "wireless-passwords"
        title = "passwords of wireless networks"
        meaning = "The code asks Windows or Linux for the stored keys of wireless networks in the clear."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1555"
        reference = "https://attack.mitre.org/techniques/T1555/"
        false_positives = "Tools that show the user's own wireless password."
    strings:
        $netsh = /netsh["', ]{1,4}wlan["', ]{1,4}(show|export)/
        $clear = /key["', ]{0,4}= ?clear/ private
        $linux = "/etc/NetworkManager/system-connections"
    condition:
        ($netsh and $clear) or ($linux and sends)
}

rule session_cookie_theft
{
    meta:
        id = "session-cookie-theft"
        title = "session of a game or chat account"
        meaning = "The code reads the log-in cookie or session files of a game or chat program and uses the network."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1539"
        reference = "https://attack.mitre.org/techniques/T1539/"
        false_positives = "Client libraries that ask the user to paste the cookie."
        roles = "build install startup import command"
    strings:
        $ = ".ROBLOSECURITY"
        $ = /Telegram Desktop[\\\/]{1,4}tdata/
        $ = "ssfn" fullword
        $ = /\.minecraft[\\\/]{1,4}launcher_(accounts|profiles)/
        $ = /Steam[\\\/]{1,4}config[\\\/]{1,4}loginusers/
        $ = "EpicGamesLauncher\\Saved\\Config"
        $ = "browser_cookie3."
    condition:
        any of them and sends
}

rule windows_password_store
{
    meta:
        id = "windows-password-store"
        title = "copy of the password stores of Windows"
        meaning = "The code saves the registry hives or the process memory in which Windows keeps password hashes."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1003"
        reference = "https://attack.mitre.org/techniques/T1003/"
        false_positives = "Penetration-testing tools and detection rules."
    strings:
        $reg = /reg(\.exe)? save (HKLM|hklm)\\{1,2}(sam|system|security|SAM|SYSTEM|SECURITY)/
        $lsass1 = "MiniDumpWriteDump" private
        $lsass2 = "lsass.exe"
        $comsvcs = /comsvcs\.dll[, ]{1,3}(MiniDump|#24)/
    condition:
        $reg or $comsvcs or ($lsass1 and $lsass2)
}
