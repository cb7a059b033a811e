// Code that wants to be there tomorrow, and to stay unseen.

rule registry_run_key
{
    meta:
        id = "registry-run-key"
        title = "start with Windows through the registry"
        meaning = "The code writes a Run key, so that a program starts whenever the user logs in."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1547.001"
        reference = "https://attack.mitre.org/techniques/T1547/001/"
        false_positives = "Desktop applications with a start-with-Windows setting."
    strings:
        $key = /CurrentVersion\\{1,2}Run(Once)?\b/
        $write1 = "SetValueEx" private
        $write2 = "reg add" private
        $write3 = "RegSetValue" private
        $write4 = "Set-ItemProperty" private
        $write5 = "New-ItemProperty" private
        $write6 = "\"reg\", \"add\"" private
        $write7 = ".RegWrite" private
    condition:
        $key and any of ($write*)
}

rule windows_startup_folder
{
    meta:
        id = "windows-startup-folder"
        title = "file for the Windows start-up folder"
        meaning = "The code names the folder whose programs start with Windows, and writes files or fetches something."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1547.001"
        reference = "https://attack.mitre.org/techniques/T1547/001/"
        false_positives = "Desktop applications with a start-with-Windows setting."
        roles = "build install startup import command"
    strings:
        $path = /Start Menu(\\{1,2}|\/|["'], ?r?["'])Programs(\\{1,2}|\/|["'], ?r?["'])Startup/
        $shell = "shell:startup"
        $com = /SpecialFolders\(["']Startup["']\)/
        $write1 = "copyfile(" private
        $write2 = "shutil.copy" private
        $write3 = ".write(" private
        $write4 = "shutil.move" private
        $write5 = "write_bytes(" private
        $write6 = "write_text(" private
        $write7 = "urlretrieve" private
        $write8 = "OutFile" private
        $write9 = "CreateShortcut" private
    condition:
        any of ($path, $shell, $com) and any of ($write*)
}

rule windows_scheduled_task
{
    meta:
        id = "windows-scheduled-task"
        title = "scheduled task made by the code"
        meaning = "The code lets Windows start a program again and again, or at log-in."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1053.005"
        reference = "https://attack.mitre.org/techniques/T1053/005/"
        false_positives = "Back-up and update tools."
        roles = "build install startup import command"
    strings:
        $schtasks = /schtasks(\.exe)?["', ]{1,4}\/create/
        $powershell = "Register-ScheduledTask"
        $xml = "schemas.microsoft.com/windows/2004/02/mit/task"
        $com = "Schedule.Service"
    condition:
        any of ($schtasks, $powershell) or ($xml and starts_process) or ($com and starts_process)
}

rule unix_scheduled_job
{
    meta:
        id = "unix-scheduled-job"
        title = "cron job made by the code"
        meaning = "The code lets cron start a program again and again, or at every boot."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1053.003"
        reference = "https://attack.mitre.org/techniques/T1053/003/"
        false_positives = "Scheduling libraries and installers of services."
        roles = "build install startup import command"
    strings:
        $pipe = /\| ?crontab -/
        $list = /crontab -l (2>|;|\|)/
        $file1 = "/etc/cron.d/"
        $file2 = "/var/spool/cron"
        $reboot = "@reboot "
        $call = /["']crontab["'], ?["'](-|\/)/
        $write = ".write(" private
    condition:
        any of ($pipe, $list, $call) or (any of ($file*) and $write) or ($reboot and starts_process)
}

rule user_service_installed
{
    meta:
        id = "user-service-installed"
        title = "service that starts by itself"
        meaning = "The code writes a systemd unit or a macOS launch agent and switches it on."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1543"
        reference = "https://attack.mitre.org/techniques/T1543/"
        false_positives = "Programs whose command offers to install them as a service."
        roles = "build install startup import command"
    strings:
        $unit1 = "[Service]"
        $unit2 = "ExecStart=" private
        $place1 = /\.config(\/|["'], ?["'])systemd(\/|["'], ?["'])user/ private
        $place2 = "/etc/systemd/system" private
        $place3 = /systemctl["', ]{1,4}(--user["', ]{1,4})?(enable|start|daemon-reload)/ private
        $agent = /Library(\/|["'], ?["'])Launch(Agents|Daemons)/
        $load1 = "RunAtLoad" private
        $load2 = /launchctl["', ]{1,4}(load|bootstrap)/ private
    condition:
        ($unit1 and $unit2 and any of ($place*)) or ($agent and any of ($load*))
}

rule shell_profile_changed
{
    meta:
        id = "shell-profile-changed"
        title = "lines added to the user's shell profile"
        meaning = "The code adds lines to a file that every new shell runs."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1546.004"
        reference = "https://attack.mitre.org/techniques/T1546/004/"
        false_positives = "Tools that install shell completion."
        roles = "build install startup import command"
    strings:
        $redirect = />> ?(~|\$HOME|\/root|\/home\/\w{1,20})\/\.(bashrc|zshrc|profile|bash_profile|zprofile|zshenv)/
        $open = /\.(bashrc|zshrc|profile|bash_profile|zprofile|zshenv)["'\)]{1,4}, ?["'](a|a\+|w)["']/
        $name1 = ".bashrc" private
        $name2 = ".zshrc" private
        $append1 = ", \"a\") as" private
        $append2 = ", 'a') as" private
    condition:
        $redirect or $open or (all of ($name*) and any of ($append*) and sends)
}

rule ssh_access_added
{
    meta:
        id = "ssh-access-added"
        title = "SSH key added to those that may log in"
        meaning = "The code adds a public key to those that may log in."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1098.004"
        reference = "https://attack.mitre.org/techniques/T1098/004/"
        false_positives = "Provisioning tools; there the key comes from the user."
        roles = "build install startup import command"
    strings:
        $file = ".ssh/authorized_keys"
        $key1 = "ssh-rsa AAAA"
        $key2 = "ssh-ed25519 AAAA"
    condition:
        $file and any of ($key*)
}

rule protection_switched_off
{
    meta:
        id = "protection-switched-off"
        title = "virus protection or firewall switched off"
        meaning = "The code turns off virus protection or the firewall, or excludes its own folder from them."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1562.001"
        reference = "https://attack.mitre.org/techniques/T1562/001/"
        false_positives = "Set-up scripts of virtual machines, detection rules."
    strings:
        $defender1 = /Set-MpPreference[^\n]{0,100}-Disable/
        $defender2 = /Add-MpPreference[^\n]{0,60}-Exclusion/
        $defender3 = "DisableAntiSpyware"
        $firewall = /advfirewall["', ]{1,4}set["', ]{1,4}\w{1,20}["', ]{1,4}state["', ]{1,4}off/
        $amsi1 = "AmsiScanBuffer"
        $amsi2 = "amsiInitFailed"
        $tamper = /(MsMpEng|SecurityHealthS[ey]\w{1,12}|avgnt|ekrn)\.exe["' ]/
        $events = /wevtutil(\.exe)? (cl|clear-log) /
        $sudo = /ALL=\(ALL(:ALL)?\) ?NOPASSWD: ?ALL["'\\ ]{1,4}(>>|\| ?tee)/
        $kill = "taskkill" private
    condition:
        any of ($defender*, $firewall, $amsi*, $events, $sudo) or ($tamper and $kill)
}

rule raises_privileges
{
    meta:
        id = "raises-privileges"
        title = "way around the question for administrator rights"
        meaning = "The code uses a known trick to get administrator rights on Windows without the user's consent."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1548.002"
        reference = "https://attack.mitre.org/techniques/T1548/002/"
        false_positives = "Penetration-testing tools and detection rules."
    strings:
        $settings = /ms-settings\\{1,2}shell\\{1,2}open\\{1,2}command/
        $fodhelper = "fodhelper.exe"
        $eventvwr = /mscfile\\{1,2}shell\\{1,2}open\\{1,2}command/
        $computer = "computerdefaults.exe"
        $cmstp = "CMSTPLUA"
    condition:
        any of them
}

rule hides_file
{
    meta:
        id = "hides-file"
        title = "file hidden by the code"
        meaning = "The code marks a file as hidden or as part of the system, and starts a process."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1564.001"
        reference = "https://attack.mitre.org/techniques/T1564/001/"
        false_positives = "Tools that keep a state folder out of sight."
        roles = "build install startup import command"
    strings:
        $attrib1 = /at[t]r[i]b \+h/
        $attrib2 = /at[t]r[i]b \+s \+h/
        $attrib3 = /at[t]r[i]b \+r \+s \+h/
        $attrib4 = /["']attrib["'], ?["']\+/
        $ctypes = /SetFileAttributesW?\([^\n]{1,100}, ?(2|0x0?2|6|FILE_ATTRIBUTE_HIDDEN)\)/
    condition:
        any of them and starts_process
}

rule looks_for_analysts
{
    meta:
        id = "looks-for-analysts"
        title = "search for analysts and sandboxes"
        meaning = "The code asks whether it runs in a virtual machine, a sandbox or beside an analyst's tools: it wants to behave well there."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1497.001"
        reference = "https://attack.mitre.org/techniques/T1497/001/"
        false_positives = "System-information libraries, lists of processes in security tools."
    strings:
        $ = "vboxservice"
        $ = "VBoxService"
        $ = "vboxtray"
        $ = "vmtoolsd"
        $ = "vmwareuser"
        $ = "vmusrvc"
        $ = "qemu-ga"
        $ = "wireshark"
        $ = "processhacker"
        $ = "httpdebuggerui"
        $ = "joeboxcontrol"
        $ = "joeboxserver"
        $ = "ollydbg"
        $ = "x32dbg"
        $ = "x64dbg"
        $ = "fiddler"
        $ = "ksdumper"
        $ = "Sandboxie"
        $ = "SbieDll"
        $ = "WDAGUtilityAccount"
        $ = "DESKTOP-NAKFFMT"
        $ = "BEE7370C-8C0C-4"
        $ = "7AB5C494-39F5-4941-9163-47F54D6D5016"
        $ = "00:0C:29"
        $ = "08:00:27"
    condition:
        3 of them
}

rule browser_killed
{
    meta:
        id = "browser-killed"
        title = "browser ended by the code"
        meaning = "The code ends browsers or chat programs, as stealers do to open their locked files."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1489"
        reference = "https://attack.mitre.org/techniques/T1489/"
        false_positives = "Browser automation."
        roles = "build install startup import command"
    strings:
        $windows = "taskkill" private
        $name1 = "chrome.exe"
        $name2 = "msedge.exe"
        $name3 = "firefox.exe"
        $name4 = "brave.exe"
        $name5 = "opera.exe"
        $name6 = "Discord.exe"
        $name7 = "discord.exe"
        $unix = /pkill (-\w{1,6} ){0,2}["']?(chrome|firefox|brave|opera|discord)/
    condition:
        $unix or ($windows and any of ($name*))
}

rule destroys_data
{
    meta:
        id = "destroys-data"
        title = "destruction of the user's files"
        meaning = "The code deletes whole disks or home folders, or clogs the machine."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1485"
        reference = "https://attack.mitre.org/techniques/T1485/"
        false_positives = "Warnings and detection rules that quote such a command."
        roles = "build install startup import command"
    strings:
        $rm1 = "--no-preserve-root"
        $rm2 = /(system|Popen|run|call|popen)\(\s{0,4}f?["'](sudo )?rm -(rf|fr) (~|\/|\/\*|\$HOME|\/home|\.\/\*)["' ]/
        $rm3 = /shutil\.rmtree\(\s{0,4}(["'](\/|C:\\{1,2}|~)["']|os\.path\.expanduser\(["']~["']\)|Path\.home\(\))\s{0,4}[,)]/
        $windows1 = /(rd|rmdir) \/s \/q (C:\\|%USERPROFILE%|%SystemRoot%)/
        $windows2 = /del \/f \/s \/q[ ]C:\\/
        $windows3 = /del \/s \/q[ ]C:\\/
        $disk = /dd if=\/dev\/(zero|random|urandom) of=\/dev\/(sd|nvme|hd|disk)/
        $shadow = /vssadmin(\.exe)? delete shadows \/all/
        $bomb = ":(){ :|:& };:"
    condition:
        any of them
}

rule ransom_note
{
    meta:
        id = "ransom-note"
        title = "ransom note beside encryption"
        meaning = "The code encrypts files and carries a text that asks for money."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1486"
        reference = "https://attack.mitre.org/techniques/T1486/"
        false_positives = "Texts about ransomware."
        roles = "build install startup import command"
    strings:
        $note1 = /[Yy]our (personal |important )?[f]il[e]s (have been|are|were) (now )?encrypted/
        $note2 = /([Bb]itcoin|[Mm]onero)[^\n]{0,80}(decrypt|your files)/
        $walk1 = "os.walk(" private
        $walk2 = "glob(" private
        $encrypt1 = ".encrypt(" private
        $encrypt2 = "Fernet" private
        $encrypt3 = "AES.new(" private
    condition:
        any of ($note*) and any of ($walk*) and any of ($encrypt*)
}
