// What other rules lean on. Private rules never make a finding; this file sorts first, so that all others see it.

private rule imports_requests
{
    strings:
        $ = /f[r]om re[q]ue[s]ts [i]mpo[r]t/
        $ = /[i]mp[o]rt re[q]ue[s]ts/
    condition:
        any of them
}

private rule sends
{
    strings:
        $ = "requests.post("
        $ = "requests.put("
        $ = "requests.get("
        $ = "requests.request("
        $ = "httpx.post("
        $ = "httpx.get("
        $ = "urlopen("
        $ = /[i]mpo[r]t urlopen/
        $ = "urllib.request"
        $ = "http.client"
        $ = "ClientSession("
        $ = ".sendall("
        $ = "curl -"
        $ = "curl http"
        $ = "wget http"
        $ = "Invoke-RestMethod"
        $ = "Invoke-WebRequest"
        $ = "XMLHttpRequest"
        $ = "axios.post("
    condition:
        any of them or imports_requests
}

private rule uploads
{
    strings:
        $ = "requests.post("
        $ = "requests.put("
        $ = /[i]mpo[r]t post/
        $ = "httpx.post("
        $ = "session.post("
        $ = "method=\"POST\""
        $ = "method='POST'"
        $ = "urlopen("
        $ = "Webhook.from_url("
        $ = "DiscordWebhook("
        $ = "sendDocument"
        $ = "sendPhoto"
        $ = "smtplib.SMTP"
        $ = ".sendall("
        $ = "curl -X POST"
        $ = "curl -d"
        $ = "curl -F"
    condition:
        any of them
}

private rule fetches
{
    strings:
        $ = "requests.get("
        $ = "httpx.get("
        $ = "urlopen("
        $ = /[i]mpo[r]t urlopen/
        $ = "urlretrieve("
        $ = /[i]mpo[r]t urlretrieve/
        $ = "urllib.request"
        $ = "wget.download("
        $ = "DownloadFile("
        $ = "Invoke-WebRequest"
        $ = "curl -"
        $ = "curl.exe"
        $ = "wget -"
    condition:
        any of them or imports_requests
}

private rule starts_process
{
    strings:
        $ = "subprocess.Popen("
        $ = "subprocess.call("
        $ = "subprocess.run("
        $ = "subprocess.check_output("
        $ = "subprocess.check_call("
        $ = /[f]ro[m] subprocess [i]mpo[r]t/
        $ = "os.system("
        $ = /[i]mpo[r]t system/
        $ = "os.popen("
        $ = "os.startfile("
        $ = "startfile("
        $ = "os.exec"
        $ = "ShellExecute"
        $ = "child_process"
        $ = "Start-Process"
    condition:
        any of them
}

private rule runs_code
{
    strings:
        $ = "exec("
        $ = "eval("
        $ = "exec ("
        $ = "marshal.loads("
        $ = "FunctionType("
    condition:
        any of them
}

private rule names_the_machine
{
    strings:
        $ = "gethostname("
        $ = "getfqdn("
        $ = "platform.node("
        $ = "os.uname("
        $ = "getpass.getuser("
        $ = "os.getlogin("
        $ = "getlogin("
        $ = "whoami"
        $ = "$(hostname)"
        $ = "COMPUTERNAME"
        $ = "uuid.getnode("
        $ = "os.environ.items("
        $ = "dict(os.environ)"
        $ = "/etc/passwd"
    condition:
        any of them
}

private rule windows_program
{
    strings:
        $dos = "!This program cannot be run in DOS mode"
    condition:
        uint16(0) == 0x5A4D and $dos
}

private rule writes_files
{
    strings:
        $ = "write_text("
        $ = "write_bytes("
        $ = ".write("
        $ = "json.dump("
        $ = "shutil.copy"
        $ = "copyfile("
        $ = "writeFileSync("
    condition:
        any of them
}

private rule runs_pip
{
    strings:
        $ = "pip.main("
        $ = /pip [i]mpo[r]t m[a]in/
        $ = "pip._internal"
    condition:
        any of them
}
