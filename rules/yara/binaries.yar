// Programs and pieces of programs, by their bytes.

rule windows_executable
{
    meta:
        id = "windows-executable"
        title = "Windows program or library"
        meaning = "The member is a PE file. Whether a package may carry one depends on its wheel's tag."
        severity = "low"
        confidence = "high"
        kind = "binary"
        technique = "T1204.002"
        reference = "https://learn.microsoft.com/windows/win32/debug/pe-format"
        false_positives = "Extension modules, launchers of console scripts, helper programs."
    strings:
        $dos = "!This program cannot be run in DOS mode" private
        $dos2 = "This program must be run under Win32" private
        $mz = { 4D 5A 90 00 03 00 00 00 } private
    condition:
        uint16(0) == 0x5A4D and (any of ($dos*) or $mz at 0)
}

rule unix_executable
{
    meta:
        id = "unix-executable"
        title = "Linux program or library"
        meaning = "The member is an ELF file. Whether a package may carry one depends on its wheel's tag."
        severity = "low"
        confidence = "high"
        kind = "binary"
        technique = "T1204.002"
        reference = "https://man7.org/linux/man-pages/man5/elf.5.html"
        false_positives = "Extension modules, vendored libraries, helper programs."
    strings:
        $elf = { 7F 45 4C 46 (01 | 02) (01 | 02) 01 } private
    condition:
        $elf at 0
}

rule macos_executable
{
    meta:
        id = "macos-executable"
        title = "macOS program or library"
        meaning = "The member is a Mach-O file. Whether a package may carry one depends on its wheel's tag."
        severity = "low"
        confidence = "high"
        kind = "binary"
        technique = "T1204.002"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
        false_positives = "Extension modules, vendored libraries, helper programs."
    strings:
        $thin64 = { CF FA ED FE 0? 00 00 01 } private
        $thin32 = { CE FA ED FE 0? 00 00 00 } private
        $fat = { CA FE BA BE 00 00 00 0? 01 00 00 } private
    condition:
        $thin64 at 0 or $thin32 at 0 or $fat at 0
}

rule program_inside_another_file
{
    meta:
        id = "program-inside-another-file"
        title = "program hidden inside another file"
        meaning = "The bytes of a Windows program stand inside a file that is something else, such as a picture."
        severity = "high"
        confidence = "medium"
        kind = "binary"
        technique = "T1027.009"
        reference = "https://attack.mitre.org/techniques/T1027/009/"
        false_positives = "Libraries and archives that embed a launcher."
    strings:
        $dos = { 4D 5A [50-120] 21 54 68 69 73 20 70 72 6F 67 72 61 6D 20 63 61 6E 6E 6F 74 20 62 65 20 72 75 6E }
    condition:
        $dos and uint16(0) != 0x5A4D and uint32(0) != 0x464C457F and uint32(0) != 0x04034B50
}

rule packed_program
{
    meta:
        id = "packed-program"
        title = "packed program"
        meaning = "The program is compressed by a packer, so that its contents cannot be read without running it."
        severity = "high"
        confidence = "medium"
        kind = "binary"
        technique = "T1027.002"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
        false_positives = "Helper programs whose makers wanted them small."
    strings:
        $upx1 = { 55 50 58 30 00 00 00 00 }
        $upx2 = { 55 50 58 31 00 00 00 00 } private
        $elf = "$Info: This file is packed with the UPX executable packer"
        $mark = "UPX!" private
        $themida = ".themida"
        $vmp = ".vmp0\x00\x00\x00"
        $enigma = ".enigma1"
    condition:
        (windows_program and ((all of ($upx*)) or any of ($themida, $vmp, $enigma))) or ($elf and $mark)
}

rule frozen_python_program
{
    meta:
        id = "frozen-python-program"
        title = "Python program frozen into one file"
        meaning = "The program carries Python and bytecode of its own (PyInstaller, Nuitka, py2exe): Python that is not meant to be read."
        severity = "high"
        confidence = "medium"
        kind = "binary"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "Desktop applications that ship as a package."
    strings:
        $pyinstaller = { 4D 45 49 0C 0B 0A 0B 0E }
        $pyi1 = "pyi-runtime-tmpdir" private
        $pyi2 = "_MEIPASS" private
        $pyi3 = "pyiboot01_bootstrap" private
        $py2exe = "PYTHONSCRIPT" wide
        $nuitka = "NUITKA_ONEFILE_PARENT"
        $header = { 7F 45 4C 46 } private
    condition:
        ($pyinstaller and any of ($pyi*)) or (any of ($py2exe, $nuitka) and (windows_program or $header at 0))
}

rule program_enters_other_processes
{
    meta:
        id = "program-enters-other-processes"
        title = "program that writes into other processes"
        meaning = "The Windows program asks for the functions by which code is put into another process and started there."
        severity = "high"
        confidence = "medium"
        kind = "binary"
        technique = "T1055"
        reference = "https://attack.mitre.org/techniques/T1055/"
        false_positives = "Debuggers and profilers."
    strings:
        $write = "WriteProcessMemory" private
        $alloc = "VirtualAllocEx" private
        $thread1 = "CreateRemoteThread"
        $thread2 = "NtUnmapViewOfSection"
        $thread3 = "QueueUserAPC"
        $thread4 = "SetThreadContext"
    condition:
        windows_program and $write and $alloc and any of ($thread*)
}

rule program_steals_or_reports
{
    meta:
        id = "program-steals-or-reports"
        title = "program that names browsers' secrets or a chat's hook"
        meaning = "The program holds the places of stored passwords, or the address by which stolen data is reported."
        severity = "critical"
        confidence = "high"
        kind = "binary"
        technique = "T1555.003"
        reference = "https://attack.mitre.org/techniques/T1555/003/"
        false_positives = "None known."
    strings:
        $hook1 = "discord.com/api/webhooks/" ascii wide
        $hook2 = "discordapp.com/api/webhooks/" ascii wide
        $hook3 = "api.telegram.org/bot" ascii wide
        $store1 = "\\Login Data" ascii wide
        $store2 = "\\Local State" ascii wide private
        $store3 = "encrypted_key" ascii wide private
        $wallet1 = "exodus.wallet" ascii wide
        $elf = { 7F 45 4C 46 } private
    condition:
        (windows_program or $elf at 0) and (any of ($hook*) or ($store1 and any of ($store2, $store3)) or $wallet1)
}

rule windows_shortcut
{
    meta:
        id = "windows-shortcut"
        title = "Windows shortcut"
        meaning = "The member is a shortcut, which can start any command. A package has no use for one."
        severity = "high"
        confidence = "medium"
        kind = "binary"
        technique = "T1204.002"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
        false_positives = "Test data of parsers for shortcuts."
    strings:
        $header = { 4C 00 00 00 01 14 02 00 00 00 00 00 C0 00 00 00 00 00 00 46 }
    condition:
        $header at 0
}

rule antivirus_test_file
{
    meta:
        id = "antivirus-test-file"
        title = "antivirus test file"
        meaning = "The member holds the harmless text by which virus scanners are tested. It shows that scanning works."
        severity = "critical"
        confidence = "high"
        kind = "binary"
        technique = "T1204.002"
        reference = "https://www.eicar.org/download-anti-malware-testfile/"
        false_positives = "Tests of antivirus tools."
    strings:
        $text = {
            58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24 45 49 43 41 52
            2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 2D 54 45 53 54 2D 46 49 4C 45 21 24 48 2B 48 2A
        }
    condition:
        $text
}
