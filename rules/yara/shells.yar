// Code that gives somebody elsewhere a command line.

rule reverse_shell_python
{
    meta:
        id = "reverse-shell-python"
        title = "reverse shell in Python"
        meaning = "A socket is connected to a shell's input and output: whoever listens at the other end commands the machine."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1059.006"
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        false_positives = "Penetration-testing tools and their payload collections."
    strings:
        $socket1 = "socket.socket(" private
        $socket2 = ".connect((" private
        $dup1 = /dup2\(\w{1,20}\.fileno\(\), ?[012]\)/
        $dup2 = /dup2\(\w{1,20}\.fileno\(\), ?(fd|f|sys\.std)/
        $dup3 = /\bdup2\(\w{1,20}, ?(fd|f|[012])\)/
        $shell1 = /pty\.spawn\(["']\/?(bin\/)?(ba|z|da)?sh/
        $shell2 = /["']\/bin\/(ba|z|da)?sh["'], ?["']-i["']/
        $shell3 = /["'](\/bin\/)?(ba|z)?sh -i["']/ private
        $shell4 = "/bin/sh" private
        $shell5 = "/bin/bash" private
        $pipe = /(stdin|stdout|stderr)=\w{1,20}\.fileno\(\)/
    condition:
        any of ($socket*) and (
            ($shell1 or $shell2) or
            (any of ($dup*) and any of ($shell*) and ($dup1 or $dup2)) or
            ($pipe and any of ($shell*))
        )
}

rule reverse_shell_command
{
    meta:
        id = "reverse-shell-command"
        title = "reverse shell in a shell command"
        meaning = "A command connects a shell with a network address, without any program of its own."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1059.004"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        false_positives = "Payload collections and detection rules of security tools."
    strings:
        $bash1 = /(ba|z|k)?sh -i ?[^\n]{0,20}>&? ?\/dev\/(tcp|udp)\//
        $bash2 = /\/dev\/tcp\/[^\n]{3,80}(0>&1|<&1|0<&1)/
        $bash3 = /exec [0-9]{1,3}<>\/dev\/tcp\//
        $nc1 = /\bn(et)?c(at)? (-\w{1,8} ){0,4}-\w{0,4}e ?\/bin\/(ba)?sh/
        $nc2 = /ncat [^\n]{3,60} -\w{0,4}e (\/bin\/(ba)?sh|cmd|powershell)/
        $nc3 = /\bnc [^\n]{3,60} -\w{0,4}e \/bin\/(ba)?sh/
        $fifo = /mkfifo [^\n]{1,80}(ba)?sh -i[^\n]{0,40}\| ?nc /
        $socat = /socat [^\n]{0,60}exec:['"]?(\/bin\/)?(ba)?sh/
        $perl = /perl -e ['"]use Socket;/
        $php = "php -r '$sock=fsockopen("
    condition:
        any of them
}

rule socket_feeds_commands
{
    meta:
        id = "socket-feeds-commands"
        title = "commands that come from a socket"
        meaning = "The code reads from a connection, runs a command in a shell and sends back what it printed: a back door in the making."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1059"
        reference = "https://attack.mitre.org/techniques/T1059/"
        false_positives = "Remote-execution tools, debuggers and test harnesses."
        roles = "build install startup import command"
    strings:
        $socket = "socket.socket("  private
        $connect1 = ".connect((" private
        $connect2 = "create_connection((" private
        $read = ".recv(" private
        $run1 = /(Popen|check_output|getoutput|run|call)\(\w{1,30}(\.decode\(\))?, ?shell ?= ?True/
        $run2 = /os\.popen\(\w{1,30}(\.decode\(\))?\)\.read/
        $run3 = /getoutput\(\w{1,30}(\.decode\([^\)]{0,10}\))?\)/
        $run4 = /Popen\(\s{0,20}\[["'](cmd(\.exe)?|powershell(\.exe)?|\/bin\/(ba)?sh)["']/
    condition:
        ($socket or $connect2) and any of ($connect*) and ($run4 or ($read and any of ($run*)))
}

rule web_request_becomes_command
{
    meta:
        id = "web-request-becomes-command"
        title = "web request run as a command"
        meaning = "What a visitor sends is run in a shell: a web shell."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1505.003"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        false_positives = "Deliberately vulnerable teaching applications."
    strings:
        $flask = /\b(Popen|popen|system|check_output|getoutput|eval|exec)\(\s{0,10}(flask\.)?request\.(args|form|values|data|get_json|json|cookies|headers)/
        $php1 = /\b(eval|system|passthru|shell_exec|exec)\(\s{0,4}\$_(GET\[|POST|REQUEST|COOKIE)/
        $php2 = /(eval|assert)\(\s{0,4}base64_decode\(/
    condition:
        any of them
}

rule shellcode_runner
{
    meta:
        id = "shellcode-runner"
        title = "machine code put into memory and run"
        meaning = "Through ctypes the code allocates executable memory, copies bytes into it and starts them."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1055"
        reference = "https://attack.mitre.org/techniques/T1055/"
        false_positives = "Debuggers, instrumentation and exploit-development tools; just-in-time compilers."
    strings:
        $load1 = "ctypes" private
        $load2 = "DllImport" private
        $memory1 = /\bVirtualAlloc(Ex)?\b/
        $memory2 = /NtAllocateVirtualMemory/
        $copy1 = "RtlMoveMemory" private
        $copy2 = "WriteProcessMemory" private
        $copy3 = "memmove(" private
        $copy4 = "RtlCopyMemory" private
        $start1 = "CreateThread" private
        $start2 = "CreateRemoteThread" private
        $start3 = "QueueUserAPC" private
        $start4 = "NtCreateThreadEx" private
        $start5 = "CFUNCTYPE(" private
        $start6 = "EnumSystemLocales" private
    condition:
        any of ($load*) and any of ($memory*) and any of ($copy*) and any of ($start*)
}

rule attack_framework_payload
{
    meta:
        id = "attack-framework-payload"
        title = "payload of an attack framework"
        meaning = "The text names the payload of a penetration-testing framework, or carries its stager."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1587.001"
        reference = "https://attack.mitre.org/techniques/T1587/001/"
        false_positives = "Security tools, their documentation and their rules."
        roles = "build install startup import command"
    strings:
        $ = /(windows|linux|python|osx|android)\/(x64\/|x86\/)?meterpreter(\/|_)reverse_/
        $ = "getattr(__import__('zlib'),'decompress')(__import__('base64')"
        $ = /struct\.unpack\(["']>I["'], ?\w{1,6}\.recv\(4\)\)\[0\]/
        $ = "Invoke-Mimikatz"
        $ = "sekurlsa::logonpasswords"
    condition:
        any of them
}

rule pickle_calls_system
{
    meta:
        id = "pickle-calls-system"
        title = "pickle that runs a command when loaded"
        meaning = "Loading this pickle (or model file) calls the operating system or executes code: no data needs that."
        severity = "critical"
        confidence = "high"
        kind = "binary"
        technique = "T1204.002"
        reference = "https://docs.python.org/3/library/pickle.html"
        false_positives = "Test data of pickle scanners."
    strings:
        $text1 = "cposix\nsystem\n"
        $text2 = "cnt\nsystem\n"
        $text3 = "cos\nsystem\n"
        $text4 = /csubprocess\n(Popen|call|run|check_output|check_call|getoutput)\n/
        $text5 = /c(__builtin__|builtins)\n(exec|eval|compile|__import__)\n/
        $posix = { 8C 05 70 6F 73 69 78 94 8C 06 73 79 73 74 65 6D }
        $nt = { 8C 02 6E 74 94 8C 06 73 79 73 74 65 6D }
        $os = { 8C 02 6F 73 94 8C 06 73 79 73 74 65 6D }
        $subprocess = { 8C 0A 73 75 62 70 72 6F 63 65 73 73 94 8C }
        $exec = { 8C 08 62 75 69 6C 74 69 6E 73 94 8C 04 65 78 65 63 }
        $eval = { 8C 08 62 75 69 6C 74 69 6E 73 94 8C 04 65 76 61 6C }
        $popen = { 8C 02 6F 73 94 8C 05 70 6F 70 65 6E }
    condition:
        any of them
}
