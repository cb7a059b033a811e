// What runs whenever Python starts.

rule path_file_runs_code
{
    meta:
        id = "path-file-runs-code"
        title = ".pth file that does more than set a path"
        meaning = "A line of a .pth file runs whenever any Python program starts. This one starts a process, uses the network or decodes something."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1546.018"
        reference = "https://docs.python.org/3/library/site.html"
        false_positives = "None known: the .pth files of coverage tools and editable installs import a module and no more."
        members = "*.pth *.start"
    strings:
        $ = "subprocess"
        $ = "base64"
        $ = "b64decode"
        $ = "urllib"
        $ = "urlopen"
        $ = "socket"
        $ = "requests"
        $ = "os.system"
        $ = "marshal"
        $ = "zlib"
        $ = "ctypes"
        $ = "compile("
        $ = "open(__file__"
        $ = "\\x65\\x78"
        $ = "os.popen"
    condition:
        any of them
}

rule path_file_executes_text
{
    meta:
        id = "path-file-executes-text"
        title = ".pth file that executes text"
        meaning = "A line of a .pth file, which runs whenever any Python program starts, passes text to exec."
        severity = "low"
        confidence = "medium"
        kind = "text"
        technique = "T1546.018"
        reference = "https://docs.python.org/3/library/site.html"
        false_positives = "Coverage tools and some editable installs."
        members = "*.pth *.start"
    strings:
        $ = "exec("
        $ = "eval("
    condition:
        any of them
}

rule startup_hook_written
{
    meta:
        id = "startup-hook-written"
        title = "code written where Python starts"
        meaning = "The code puts a .pth file, sitecustomize or usercustomize into the interpreter's packages."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1546.018"
        reference = "https://docs.python.org/3/library/site.html"
        false_positives = "Virtual environments, editable installs, coverage and tracing tools."
        roles = "build install startup import command"
    strings:
        $hook1 = "sitecustomize.py"
        $hook2 = "usercustomize.py"
        $hook3 = /\.pth["']/
        $place1 = "getsitepackages(" private
        $place2 = "getusersitepackages(" private
        $place3 = "site-packages" private
        $place4 = "get_path(\"purelib\")" private
        $place5 = "get_path('purelib')" private
        $place6 = "USER_SITE" private
        $place7 = "get_paths()[" private
    condition:
        any of ($hook*) and any of ($place*) and writes_files
}

rule installed_code_replaced
{
    meta:
        id = "installed-code-replaced"
        title = "change to the code of an installed package"
        meaning = "The code writes Python files into other packages that are installed on the machine."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1554"
        reference = "https://attack.mitre.org/techniques/T1554/"
        false_positives = "Patching tools and vendoring scripts."
        roles = "build install startup import command"
    strings:
        $place1 = "getsitepackages(" private
        $place2 = "site-packages" private
        $init = /open\([^\n]{0,100}__init__\.py["']\)?, ?["'](w|a|wb|w\+|a\+)["']/
        $self = /open\(__file__, ?["'](w|a|wb|w\+)["']/
        $module = /\w\.__file__, ?["'](w|a|wb|w\+)["']/
    condition:
        $self or $module or ($init and (any of ($place*) or fetches))
}

rule install_command_with_network
{
    meta:
        id = "install-command-with-network"
        title = "install command that uses the network"
        meaning = "setup.py replaces the command that installs, and talks to the network or starts a process: it acts on the machine of whoever installs."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1195.002"
        reference = "https://attack.mitre.org/techniques/T1195/002/"
        false_positives = "Packages that fetch a native library when they are installed."
        members = "setup.py"
    strings:
        $class = /\w\((\w{1,30}\.)?_{0,2}(in[s]tall|develop|egg_info|easy_in[s]tall|bdist_egg)(_lib|_scripts)?(\.install|\.develop)?\):/
        $hook = "atexit.register(" private
        $cmdclass = "cmdclass" private
        $net1 = "requests.get("
        $net2 = "requests.post("
        $net3 = "urlopen("
        $net4 = "urlretrieve("
        $net5 = ".connect(("
        $net6 = "gethostbyname("
        $net7 = "http.client"
    condition:
        $cmdclass and ($class or $hook) and any of ($net*)
}

rule setup_script_reports
{
    meta:
        id = "setup-script-reports"
        title = "setup script that reports the machine"
        meaning = "setup.py asks for the name of the machine or its user, and uses the network: whoever installs is reported."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1082"
        reference = "https://attack.mitre.org/techniques/T1082/"
        false_positives = "None known among packages that only build."
        members = "setup.py _setup.py"
    strings:
        $who1 = "gethostname("
        $who2 = "getpass.getuser("
        $who3 = "os.getlogin("
        $who4 = "COMPUTERNAME"
        $who5 = "getfqdn("
        $who6 = "whoami"
        $who7 = "platform.node("
        $who8 = "/etc/passwd"
        $who9 = "hostname" fullword private
        $net1 = "requests.get(" private
        $net2 = "requests.post(" private
        $net3 = "urlopen(" private
        $net4 = "gethostbyname(" private
        $net5 = ".connect((" private
        $net6 = ".sendto(" private
        $net7 = "http.client" private
        $net8 = "curl " private
        $net9 = "nslookup " private
        $net10 = "ClientSession(" private
        $net11 = "HTTPSConnection(" private
        $net12 = "HTTPConnection(" private
    condition:
        any of ($who1, $who2, $who3, $who4, $who5, $who6, $who7, $who8) and any of ($net*) or ($who9 and ($net2 or $net8))
}

rule setup_script_starts_download
{
    meta:
        id = "setup-script-starts-download"
        title = "setup script that fetches and starts something"
        meaning = "setup.py fetches from the network and hands something to the system to run."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1105"
        reference = "https://attack.mitre.org/techniques/T1105/"
        false_positives = "Packages that fetch and compile a native library while they are built."
        members = "setup.py _setup.py"
    strings:
        $get1 = "requests.get("
        $get2 = "urlopen("
        $get3 = "urlretrieve("
        $get4 = /["' ](curl|wget) /
        $get5 = "get(" fullword private
        $get6 = /f[r]om re[q]ue[s]ts [i]mpo[r]t/ private
        $run1 = "os.system(" private
        $run2 = "Popen(" private
        $run3 = "subprocess.run(" private
        $run4 = "subprocess.call(" private
        $run5 = "startfile(" private
        $run6 = "exec(" private
        $run7 = "eval(" private
    condition:
        (any of ($get1, $get2, $get3, $get4) or ($get5 and $get6)) and any of ($run*)
}
