// Droppers and loaders in the languages that packages carry beside Python.

rule windows_script_dropper
{
    meta:
        id = "windows-script-dropper"
        title = "Windows script that fetches and runs"
        meaning = "A VBScript or JScript uses the shell object together with a web or stream object: fetch, save, run."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1059.005"
        reference = "https://attack.mitre.org/techniques/T1059/005/"
        false_positives = "Administrators' scripts."
    strings:
        $shell1 = /CreateObject\(\s{0,3}["'\\]{1,4}WScript\.Shell/ nocase
        $shell2 = /ActiveXObject\(\s{0,3}["'\\]{1,4}WScript\.Shell/ nocase
        $shell3 = /Dispatch\(\s{0,3}["']WScript\.Shell/
        $web1 = "MSXML2.XMLHTTP" nocase private
        $web2 = "WinHttp.WinHttpRequest" nocase private
        $web3 = "ADODB.Stream" nocase private
        $web4 = "MSXML2.ServerXMLHTTP" nocase private
    condition:
        any of ($shell*) and any of ($web*)
}

rule hidden_windows_script
{
    meta:
        id = "hidden-windows-script"
        title = "command run through a hidden Windows script"
        meaning = "A script is written for wscript or cscript that runs a command with its window hidden."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1059.005"
        reference = "https://attack.mitre.org/techniques/T1059/005/"
        false_positives = "Desktop shortcuts of graphical applications."
    strings:
        $object = /CreateObject\(["'\\]{1,4}WScript\.Shell/ nocase
        $run1 = /\.Run[ (]{1,2}[^\n]{1,150}, ?0/ nocase private
        $run2 = /\.Run[ (]{1,2}[^\n]{1,150}vbHide/ nocase private
    condition:
        $object and any of ($run*)
}

rule javascript_decodes_and_runs
{
    meta:
        id = "javascript-decodes-and-runs"
        title = "JavaScript that decodes and runs"
        meaning = "JavaScript evaluates text that it has decoded, or starts a process with it."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1059.007"
        reference = "https://attack.mitre.org/techniques/T1059/007/"
        false_positives = "Old packed browser libraries."
    strings:
        $eval = /eval\(\s{0,8}(window\.)?(atob|unescape|decodeURIComponent)\(/
        $buffer = /eval\(\s{0,8}Buffer\.from\(/
        $function = /new Functio[n]\(\s{0,8}(atob|unescape)\(/
        $process = "require('child_process')" private
        $process2 = "require(\"child_process\")" private
        $base64 = /Buffer\.from\([^\n]{1,150}["']base64["']\)/
    condition:
        any of ($eval, $buffer, $function) or ($base64 and any of ($process, $process2))
}

rule javascript_obfuscated_names
{
    meta:
        id = "javascript-obfuscated-names"
        title = "JavaScript from an obfuscator"
        meaning = "The script carries the machinery of a JavaScript obfuscator (a rotating table of strings), which hides what it does."
        severity = "medium"
        confidence = "high"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "Front ends of commercial widgets."
    strings:
        $parse = /parseInt\(_0x[0-9a-f]{4,6}\(/
        $loop = /while\(!!\[\]\)\{try\{(var|const) _0x/
        $shift = "['push'](_0x"
    condition:
        any of them
}

rule batch_dropper
{
    meta:
        id = "batch-dropper"
        title = "batch file that fetches and starts a program"
        meaning = "A Windows batch script downloads a file and starts it."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1059.003"
        reference = "https://attack.mitre.org/techniques/T1059/003/"
        false_positives = "Set-up scripts for developers."
    strings:
        $echo = "@echo off" nocase
        $fetch1 = "Invoke-WebRequest" nocase private
        $fetch2 = "DownloadFile(" nocase private
        $fetch3 = "bitsadmin" nocase private
        $fetch4 = /curl(\.exe)? -/ nocase private
        $fetch5 = "certutil -urlcache" nocase private
        $start1 = /[\n]start [^\n]{0,150}(\.exe|\.bat|\.vbs|%)/ nocase private
        $start2 = "powershell -WindowStyle Hidden" nocase private
        $start3 = "Start-Process" nocase private
    condition:
        $echo and any of ($fetch*) and any of ($start*)
}
