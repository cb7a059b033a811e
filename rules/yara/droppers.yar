// Code that brings a second stage and starts it.

rule powershell_encoded_command
{
    meta:
        id = "powershell-encoded-command"
        title = "PowerShell with an encoded command"
        meaning = "The code starts PowerShell with a command hidden in base64. Nothing that installs or imports a package needs that."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1059.001"
        reference = "https://attack.mitre.org/techniques/T1059/001/"
        false_positives = "Remote-administration tools that talk to Windows hosts (configuration management)."
    strings:
        $shell = "powershell" nocase ascii wide private
        $long = "-EncodedCommand" nocase ascii wide
        $short = "-enc " nocase ascii wide
        $argument = /powershell[^\n]{0,100}["']-e(nc|ncodedcommand|ncoded)?["']/ nocase
    condition:
        $shell and any of ($long, $short, $argument)
}

rule powershell_encoded_payload
{
    meta:
        id = "powershell-encoded-payload"
        title = "PowerShell with its program in base64"
        meaning = "A PowerShell program stands in the text as base64: whoever wrote this did not want it to be read."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1027.010"
        reference = "https://attack.mitre.org/techniques/T1027/010/"
        false_positives = "Detection rules with a whole sample."
    strings:
        $long = /-EncodedCommand["', ]{1,6}[A-Za-z0-9+\/]{40}/ nocase
        $short = /powershell[^\n]{0,100} -e(nc?)?["', ]{1,6}[A-Za-z0-9+\/]{40}/ nocase
        $prefix = /["', ](SQBFAFgA|SQBuAHYAbwBrAGUA|cABvAHcAZQByAHMAaABlAGwAbAAg|JABjAGwAaQBlAG4AdAA)[A-Za-z0-9+\/]{20}/
    condition:
        any of them
}

rule powershell_hidden_window
{
    meta:
        id = "powershell-hidden-window"
        title = "PowerShell in a hidden window"
        meaning = "The code starts PowerShell so that the user does not see it."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1564.003"
        reference = "https://attack.mitre.org/techniques/T1564/003/"
        false_positives = "Desktop software that asks Windows for a fact without a flashing console."
    strings:
        $shell = "powershell" nocase ascii wide private
        $style = /-WindowStyle["', ]{1,6}Hidden/ nocase
        $short = /powershell(\.exe)?[^\n]{0,100} -w(in|indow)? ?hidden/ nocase
    condition:
        $shell and any of ($style, $short)
}

rule powershell_download_and_run
{
    meta:
        id = "powershell-download-and-run"
        title = "PowerShell that downloads and runs"
        meaning = "A PowerShell command fetches something from the network and runs it."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1105"
        reference = "https://attack.mitre.org/techniques/T1105/"
        false_positives = "Installation instructions of command line tools (\"irm … | iex\")."
    strings:
        $pipe = /(Invoke-WebRequest|Invoke-RestMethod|DownloadString)[^\n]{0,160}(\| ?iex|\| ?Invoke-Expression|Invoke-Expression)/ nocase
        $iex = /(iex|Invoke-Expression)[ (]{1,4}[^\n]{0,80}(DownloadString|Invoke-WebRequest|Invoke-RestMethod)/ nocase
        $short1 = "irm http" nocase
        $short2 = "iwr http" nocase
        $iexpipe = /\| iex\b/ nocase private
        $file = /(Invoke-WebRequest|DownloadFile|Start-BitsTransfer)[^\n]{0,200}(Start-Process|-OutFile [^\n]{0,80}\.(exe|bat|ps1|scr|vbs))/ nocase
        $fetch1 = "Invoke-WebRequest" nocase private
        $fetch2 = "Start-BitsTransfer" nocase private
        $fetch3 = "DownloadFile(" nocase private
        $start = /powershell[^\n]{0,120}Start-Process/ nocase
    condition:
        any of ($pipe, $iex, $file) or (any of ($short*) and $iexpipe) or ($start and any of ($fetch1, $fetch2, $fetch3))
}

rule windows_downloader_program
{
    meta:
        id = "windows-downloader-program"
        title = "Windows tool misused as downloader"
        meaning = "The code lets a program that comes with Windows (certutil, bitsadmin, mshta, regsvr32) fetch or run something from the network."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1218"
        reference = "https://attack.mitre.org/techniques/T1218/"
        false_positives = "Detection rules and documentation of security tools."
    strings:
        $certutil = /certutil(\.exe)?[ "',]{1,4}[^\n]{0,40}(-|\/)(urlcache|decode)/ nocase
        $bitsadmin = /bitsadmin(\.exe)?[ "',]{1,4}[^\n]{0,20}\/transfer/ nocase
        $mshta = /mshta(\.exe)?[ "',]{1,4}["']?(https?:|javascript:|vbscript:)/ nocase
        $regsvr = /regsvr32(\.exe)?[^\n]{0,60}\/i:http/ nocase
        $rundll = /rundll32(\.exe)?[ "',]{1,4}javascript:/ nocase
    condition:
        any of them
}

rule downloads_windows_program
{
    meta:
        id = "downloads-windows-program"
        title = "Windows program that is downloaded and started"
        meaning = "The file names a program or script on the web, writes a file and starts a process: the shape of a dropper."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1105"
        reference = "https://attack.mitre.org/techniques/T1105/"
        false_positives = "Driver managers and installers of developer tools that fetch a release binary."
    strings:
        $exe = /:\/\/[^\s"'<>]{4,180}(\.exe|\.scr|\.bat|\.msi|\.vbs|\.ps1|\.cmd|\.pyw|\.elf)(\?[^\s"'<>]{0,150})?["'<\s]/
        $write1 = "'wb'" private
        $write9 = "\"wb\"" private
        $write2 = "urlretrieve" private
        $write3 = "wget" private
        $write4 = "curl" private
        $write5 = "OutFile" private
        $write6 = "write_bytes(" private
        $write7 = "DownloadFile" private
        $write8 = "wget.download" private
    condition:
        $exe and fetches and starts_process and any of ($write*)
}

rule download_and_start_by_shell
{
    meta:
        id = "download-and-start-by-shell"
        title = "downloaded file started through the Windows shell"
        meaning = "Something is fetched and then opened with the Windows shell's `start`, or with os.startfile."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1204.002"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
        false_positives = "Tools that download a document and show it."
    strings:
        $start1 = /system\(f?["']start / nocase
        $start2 = "os.startfile("
        $start3 = /[i]mpo[r]t [s]t[a]rtfile/
        $start4 = "RunAsInvoker"
        $start5 = "call(\"start "
        $start6 = "call('start "
        $start7 = "Popen(\"start "
        $start8 = "Popen('start "
        $start9 = "run(\"start "
        $start10 = "run('start "
        $start11 = "call(f\"start "
        $start12 = "Popen(f\"start "
        $write1 = "'wb'" private
        $write5 = "\"wb\"" private
        $write2 = "urlretrieve" private
        $write3 = "NamedTemporaryFile(" private
        $write4 = "write_bytes(" private
    condition:
        fetches and any of ($start*) and any of ($write*)
}

rule python_stage_in_temporary_file
{
    meta:
        id = "python-stage-in-temporary-file"
        title = "second Python program written to a temporary file and started unseen"
        meaning = "The code writes a second Python program to disk and starts it with the interpreter that has no window."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1059.006"
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        false_positives = "None known."
    strings:
        $window1 = ".replace('.exe', 'w.exe')"
        $window2 = ".replace(\".exe\", \"w.exe\")"
        $window3 = "start pythonw"
        $write1 = "NamedTemporaryFile(" private
        $write2 = "mkstemp(" private
        $write3 = "gettempdir(" private
        $write4 = ".write(" private
    condition:
        any of ($window*) and any of ($write*) and starts_process
}

rule inline_python_fetches_code
{
    meta:
        id = "inline-python-fetches-code"
        title = "`python -c` that fetches or decodes its program"
        meaning = "The code starts another interpreter with a one-line program that downloads or decodes what it then runs."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1059.006"
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        false_positives = "None known."
    strings:
        $shell = /python[23w]?(\.exe)?["', ]{1,6}-c["', ]{1,6}[^\n]{0,80}(b64decode|urlopen|requests|urllib|base64|exec\()/
        $executable = /executable["',\} ]{1,6}-c["', ]{1,6}[^\n]{0,80}(b64decode|urlopen|requests|urllib\.request|exec\()/
        $decoded = /["']python[3w]?["'], ?["']-c["'], ?[A-Za-z_]{0,12}decod/
    condition:
        any of them
}

rule executes_network_answer
{
    meta:
        id = "executes-network-answer"
        title = "server's answer executed as code"
        meaning = "The answer of a web request is executed as Python: whoever owns the server decides what runs."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1105"
        reference = "https://attack.mitre.org/techniques/T1105/"
        false_positives = "Bootstrap scripts of packaging tools from long ago."
    strings:
        $exec = /exec\(\s{0,20}(compile\(\s{0,20})?[\w.]{0,30}(requests\.get|requests\.post|urlopen|httpx\.get|request\.urlopen|urllib2\.urlopen|Request)\(/
        $eval = /eval\(\s{0,20}(compile\(\s{0,20})?[\w.]{0,30}(requests\.get|requests\.post|urlopen|httpx\.get|request\.urlopen)\(/
        $import1 = "exec(__import__('requests')"
        $import2 = "exec(__import__(\"requests\")"
        $import3 = "exec(__import__('urllib"
        $import4 = "exec(__import__(\"urllib"
        $bare = /(exec|eval)\(_{0,3}[a-z]{0,3}urlopen\(/
        $reads = /[^.\w]exec\(r(es|eq|esp|esponse|equest)?\.(text|content|read\(\))/
    condition:
        any of ($exec, $eval, $bare) or any of ($import*) or ($reads and fetches)
}

rule shell_pipes_download
{
    meta:
        id = "shell-pipes-download"
        title = "download piped into a shell"
        meaning = "A shell command fetches a script and runs it in the same breath."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1059.004"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        false_positives = "Installation instructions of tools (rustup, uv, Homebrew), Dockerfile and CI recipes."
        roles = "build install startup import command"
    strings:
        $curl = /curl [^\n|]{4,160}\| ?(sudo )?(-E )?(ba|z|da|k)?sh\b/
        $wget = /wget [^\n|]{4,160}\| ?(sudo )?(ba|z|da|k)?sh\b/
        $python = /(curl|wget) [^\n|]{4,160}\| ?python[23]?\b/
        $subshell = /(ba)?sh -c ["'\\]{1,3}\$\((curl|wget) /
        $process = /bash <\((curl|wget) /
    condition:
        any of them
}

rule shell_download_and_chmod
{
    meta:
        id = "shell-download-and-chmod"
        title = "downloaded file made executable"
        meaning = "The file fetches something with curl, wget or urllib, makes it executable and starts a process."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1222.002"
        reference = "https://attack.mitre.org/techniques/T1222/002/"
        false_positives = "Tools that fetch their own helper binary (browser drivers, linters)."
        roles = "build install startup import command"
    strings:
        $chmod1 = "chmod +x" private
        $chmod2 = "chmod 777" private
        $chmod3 = "chmod 755" private
        $wget = /wget (-[a-zA-Z-]{1,12} ){0,4}["']?https?:/
        $curl = /curl (-[a-zA-Z-]{1,12} ){0,4}["']?https?:/
        $system = /["'](curl|wget) /
    condition:
        any of ($chmod*) and any of ($wget, $curl, $system)
}

rule runs_program_in_background_from_shell
{
    meta:
        id = "runs-program-in-background-from-shell"
        title = "fetching command sent to the background in silence"
        meaning = "A shell command that uses the network is detached and its output thrown away, so that nobody sees it."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1564.011"
        reference = "https://attack.mitre.org/techniques/T1564/011/"
        false_positives = "Start scripts of services."
        roles = "build install startup import command"
    strings:
        $curl = /(curl|wget) [^\n]{4,160}> ?\/dev\/null 2>&1 ?&/
        $nohup = /nohup (curl|wget|bash|sh|python3?) [^\n]{0,100}&/
    condition:
        any of them
}

rule pasted_stage
{
    meta:
        id = "pasted-stage"
        title = "second stage from a paste site or a chat's attachments"
        meaning = "The file fetches from a host where anybody can leave anything without a trace, and starts or executes something."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1102"
        reference = "https://attack.mitre.org/techniques/T1102/"
        false_positives = "Clients for such a host."
        roles = "build install startup import command"
    strings:
        $ = "pastebin.com/raw/"
        $ = "paste.ee/r/"
        $ = "paste.fo/raw/"
        $ = "hastebin.com/raw/"
        $ = "toptal.com/developers/hastebin/raw/"
        $ = /rentry\.(co|org)\/\w{2,40}/
        $ = "controlc.com/"
        $ = "ghostbin.com/"
        $ = "transfer.sh/get/"
        $ = /transfer\.sh\/[A-Za-z0-9]{4,12}\//
        $ = "cdn.discordapp.com/attachments/"
        $ = "media.discordapp.net/attachments/"
        $ = "cdn.discordapp.com/icons/"
    condition:
        any of them and fetches and (starts_process or runs_code)
}

rule hosted_stage
{
    meta:
        id = "hosted-stage"
        title = "second stage from a file share or a free host"
        meaning = "The file fetches from a host where anybody can put files for nothing, and starts or executes something."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1102"
        reference = "https://attack.mitre.org/techniques/T1102/"
        false_positives = "Data loaders that keep their files in such a share."
        roles = "build install startup import command"
    strings:
        $ = "dl.dropboxusercontent.com/"
        $ = "dl.dropbox.com/"
        $ = /dropbox\.com\/(s|scl)\/[^"'\s]{6,150}dl=1/
        $ = /drive\.google\.com\/[^"'\s]{0,20}uc\?/
        $ = "files.catbox.moe/"
        $ = "filebin.net/"
        $ = "gofile.io/download"
        $ = "anonfiles.com/"
        $ = ".pythonanywhere.com/"
        $ = ".repl.co/"
        $ = ".onrender.com/"
        $ = ".glitch.me/"
        $ = ".vercel.app/"
        $ = ".herokuapp.com/"
        $ = ".workers.dev/"
        $ = ".netlify.app/"
    condition:
        any of them and fetches and (starts_process or runs_code)
}

rule downloads_and_starts_file
{
    meta:
        id = "downloads-and-starts-file"
        title = "file that is downloaded and started"
        meaning = "The answer of a request is written to a file and a process is started from a variable that names a file."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1105"
        reference = "https://attack.mitre.org/techniques/T1105/"
        false_positives = "Tools that fetch and call their own helper program."
        roles = "build install startup import command"
    strings:
        $write1 = ".write(response.content)" private
        $write2 = ".write(r.content)" private
        $write3 = /\.write\([^\n]{1,60}\.(content|read\(\))\)/ private
        $write4 = /urlretrieve\(\w{1,40}, ?\w{1,40}\)/ private
        $write5 = ".iter_content(" private
        $write6 = "shutil.copyfileobj(" private
        $start = /(Popen|process\.run|process\.call|[s]t[a]rtfile|os\.system)\(\[?(str\()?(\w{1,8}_)?(file_?path|file_?name|exe_path|exe_file|dest_path|save_path|temp_file|tmp_file|temp_path|output_path|output_file|local_path|binary_path|full_path|target_path|download_path|payload_path|executable_path|installer_path|script_path)\)?[,\]\)]/
    condition:
        any of ($write*) and $start and fetches
}

rule raw_address_stage
{
    meta:
        id = "raw-address-stage"
        title = "bare network address beside a started process"
        meaning = "The file fetches from an address that has a number instead of a name, and starts a process or executes code."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1071.001"
        reference = "https://attack.mitre.org/techniques/T1071/001/"
        false_positives = "Network tools with an example address; local services on private addresses."
        roles = "build install startup import command"
    strings:
        $url = /http:\/\/(1[1-9]|2[0-9]|[3-9][0-9]|1[0-9][0-9]|2[0-5][0-9])\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(:[0-9]{2,5})?[\/"']/
    condition:
        $url and sends and (starts_process or runs_code)
}

rule pip_install_in_code
{
    meta:
        id = "pip-install-in-code"
        title = "packages installed by the code itself"
        meaning = "The code calls pip by itself: what is installed that way appears in no metadata and passes no inspection of this release."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1195.001"
        reference = "https://attack.mitre.org/techniques/T1195/001/"
        false_positives = "Plugin managers, notebook helpers, build front ends."
        roles = "build install startup import command"
    strings:
        $list1 = "\"pip\", \"install\""
        $list2 = "'pip', 'install'"
        $list3 = "\"pip\",\"install\""
        $list4 = "'pip','install'"
        $list5 = "\"pip3\", \"install\""
        $list6 = "'pip3', 'install'"
        $string1 = "(\"pip install "
        $string2 = "('pip install "
        $string3 = "(\"pip3 install "
        $string4 = "('pip3 install "
        $string5 = "(f\"pip install "
        $string6 = "(f'pip install "
        $string7 = "(\"python -m pip install "
        $string8 = "('python -m pip install "
        $string9 = "{sys.executable} -m pip install "
        $string10 = "{executable} -m pip install "
        $string11 = "(\"py -m pip install "
        $string12 = "(\"python3 -m pip install "
        $string13 = "('python3 -m pip install "
        $main = /pip\.main\(\[["']install["']/
        $internal = /pip(\._internal)?\.(cli\.)?main import main/
    condition:
        any of ($main, $internal) or any of ($list*) or (any of ($string*) and starts_process)
}

rule pip_install_from_address
{
    meta:
        id = "pip-install-from-address"
        title = "package installed from a web address"
        meaning = "The code lets pip install something straight from a web address or a repository, past every index."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1195.001"
        reference = "https://attack.mitre.org/techniques/T1195/001/"
        false_positives = "Notebook helpers and installers of development versions."
        roles = "build install startup import command"
    strings:
        $pip1 = "pip install git+http"
        $pip2 = "pip3 install git+http"
        $pip3 = /pip [i]n[s]ta[l]l htt[p]/
        $pip4 = "\"install\", \"git+http"
        $pip5 = "'install', 'git+http"
        $pip6 = "\"install\", \"http"
        $pip7 = "'install', 'http"
        $index1 = "pip install --index-url http"
        $index2 = "pip install --extra-index-url http"
        $index3 = /pip [i]n[s]ta[l]l -i htt[p]/
        $index4 = "\"--index-url\", \"http"
        $index5 = "'--index-url', 'http"
        $index6 = "\"--extra-index-url\", \"http"
    condition:
        any of them and (starts_process or runs_pip)
}

rule fetches_foreign_runtime
{
    meta:
        id = "fetches-foreign-runtime"
        title = "another language's runtime fetched and started"
        meaning = "Python code downloads Bun, Deno or Node.js to run a program that Python tools do not read."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1105"
        reference = "https://attack.mitre.org/techniques/T1105/"
        false_positives = "Packages whose purpose is to bring that runtime."
        roles = "build install startup import command"
    strings:
        $ = "oven-sh/bun/releases"
        $ = "bun.sh/install"
        $ = "denoland/deno/releases"
        $ = "nodejs.org/dist/"
    condition:
        any of them and fetches and starts_process
}
