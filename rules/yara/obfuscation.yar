// Code that hides what it runs.
// `rt__(` is the end of `__import__(`: libyara would look for "impo", which stands on every page.

rule decodes_and_executes
{
    meta:
        id = "decodes-and-executes"
        title = "text decoded and executed in one call"
        meaning = "The program that runs is not the program that one reads: it is decoded or unpacked inside the call that executes it."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1140"
        reference = "https://attack.mitre.org/techniques/T1140/"
        false_positives = "Self-extracting scripts of installers; very old single-file distributions."
    strings:
        $exec = /exec\(\s{0,20}\(?(compile\(\s{0,20})?((__import__\([^)\n]{1,40}\)|\w{1,40})\.){0,3}(b64decode|b32decode|b16decode|b85decode|a85decode|urlsafe_b64decode|standard_b64decode|decompress|unhexlify|decodebytes|fromhex)\(/
        $eval = /eval\(\s{0,20}\(?(compile\(\s{0,20})?((__import__\([^)\n]{1,40}\)|\w{1,40})\.){0,3}(b64decode|b32decode|b16decode|b85decode|a85decode|urlsafe_b64decode|standard_b64decode|decompress|unhexlify|decodebytes|fromhex)\(/
        $literal = /exec\(\s{0,4}[A-Za-z_]\w{0,30}\(\s{0,4}b?["'][A-Za-z0-9+\/=_-]{60}/
        $command1 = "system(bytes.fromhex("
        $command2 = "system(base64.b64decode("
        $command3 = "system(b64decode("
        $command4 = "popen(bytes.fromhex("
        $command5 = "popen(base64.b64decode("
        $command6 = "popen(b64decode("
        $command7 = "Popen(bytes.fromhex("
        $command8 = "Popen(base64.b64decode("
        $command9 = "Popen(b64decode("
        $command10 = "run(bytes.fromhex("
        $command11 = "run(base64.b64decode("
        $command12 = "run(b64decode("
        $command13 = "call(bytes.fromhex("
        $command14 = "call(base64.b64decode("
        $command15 = "call(b64decode("
        $marshal = /exec\(\s{0,20}\(?((__import__\([^)\n]{1,40}\)|\w{1,40})\.)?(marshal|pickle|cPickle|dill)["')]{0,2}\.loads\(/
    condition:
        any of them
}

rule decoder_under_alias
{
    meta:
        id = "decoder-under-alias"
        title = "decoder under another name beside exec"
        meaning = "The file imports base64, zlib or marshal under a name of its own choice and executes code: a habit of those who hide."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "Compatibility layers that choose between two decoders."
    strings:
        $name = /(b64decode|b85decode|a85decode|b32decode|[d]ecompress) as [A-Za-z_]/
        $module1 = "base64 as "
        $module2 = "zlib as "
        $module3 = "marshal as "
        $module4 = "binascii as "
        $module5 = "lzma as "
        $call = /exec\([A-Za-z_]{1,20}\(/ private
        $call2 = /exec\(\w{1,30}\.\w{1,30}\(/ private
    condition:
        any of ($name, $module*) and any of ($call, $call2)
}

rule unpacks_bytecode
{
    meta:
        id = "unpacks-bytecode"
        title = "bytecode loaded out of packed data"
        meaning = "Compiled Python is decoded or decompressed and loaded with marshal, so that no source can be read."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1027.002"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
        false_positives = "Freezers and import hooks that read their own archives."
    strings:
        $call = /marshal(['"]\))?\.loads\(\s{0,20}[\w.'"()]{0,40}(decompress|b64decode|b85decode|a85decode|unhexlify|fromhex)\(/
        $literal = /marshal(['"]\))?\.loads\(\s{0,8}b?["']/
    condition:
        any of them and runs_code
}

rule lambda_import_loader
{
    meta:
        id = "lambda-import-loader"
        title = "one-line loader of an obfuscator"
        meaning = "A lambda imports the decoders and unpacks the text behind it: the mark of several obfuscators for Python."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "None known."
    strings:
        $lambda = /: ?__import__\(['"](zlib|marshal|base64|lzma|bz2|gzip|codecs)['"]\)\.\w{4,12}\(/
        $nested = /rt__[(]\s{0,3}['"](zlib|lzma|bz2|gzip|marshal)['"]\s{0,3}\)\.\w{4,12}\(\s{0,3}__import__\(/
        $base64 = /rt__[(]\s{0,3}['"]base64['"]\s{0,3}\)\.(b64|b32|b85|a85|b16)decode\(/
    condition:
        any of them
}

rule builtins_by_arithmetic
{
    meta:
        id = "builtins-by-arithmetic"
        title = "builtin picked by an assembled name"
        meaning = "The names of builtins such as exec are put together from pieces, so that no search finds them."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "None known."
    strings:
        $str = /getattr\(__builtins__, ?\w{1,20}\.__str__\(\)\[/
        $oct = /(oct|hex|copyright|credits|type)\.__str__\(\)\[/
        $chr = /getattr\(\s{0,3}(__builtins__|builtins|__import__\(['"]builtins['"]\)),\s{0,3}(['"]{2}\.join|chr\(|["'][a-z_]{1,5}["'] ?\+)/
        $globals = /globals\(\)\[['"]{0,2}(\.join\(|_\(\[|\\x5f|\\137)/
        $index = /__builtins__\.__dict__\[(['"]{2}\.join|chr\(|['"][a-z_]{1,5}['"] ?\+)/
        $module = /rt__[(]["']builtins["']\)\.(exec|eval)\(/
    condition:
        any of them
}

rule escaped_names
{
    meta:
        id = "escaped-names"
        title = "calls written in escape sequences"
        meaning = "Words such as eval, exec or base64 are written in hexadecimal or octal escapes. People do not write programs so."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "Test data of escape-sequence parsers."
    strings:
        $eval = /eval\(["']\\(x[0-9a-fA-F]{2}|[0-7]{2,3})\\(x[0-9a-fA-F]{2}|[0-7]{2,3})\\(x|[0-7])/
        $exec = /exec\(["']\\(x[0-9a-fA-F]{2}|[0-7]{2,3})\\(x[0-9a-fA-F]{2}|[0-7]{2,3})\\(x|[0-7])/
        $word1 = "\\x65\\x78\\x65\\x63"
        $word2 = "\\x65\\x76\\x61\\x6c"
        $word3 = "\\x62\\x61\\x73\\x65\\x36\\x34"
        $word4 = "\\x5f\\x5f\\x69\\x6d\\x70\\x6f\\x72\\x74"
        $word5 = "\\145\\166\\141\\154"
        $word6 = "\\145\\170\\145\\143"
        $rot13 = "\\x72\\x6f\\x74\\x31\\x33"
        $dunder = "\"\\x5f\\x5f\\x"
        $import = /rt__[(]["']\\(x[0-9a-f]{2}|[0-7]{3})\\/
    condition:
        any of them
}

rule assembles_and_executes
{
    meta:
        id = "assembles-and-executes"
        title = "program put together from characters and executed"
        meaning = "The program that runs is assembled from character codes or reversed text."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "Code golf and teaching material."
    strings:
        $join = /exec\(\s{0,10}["']{2}\.join\(/
        $evaljoin = /eval\(\s{0,10}["']{2}\.join\(\s{0,3}(map\(|\[?chr\()/
        $bytes = /exec\(\s{0,10}(bytes|bytearray)\(\s{0,3}\[/
        $reverse = /exec\([^\n]{0,150}\[::-1\]/
        $mapchr = /exec\([^\n]{0,40}map\(\s{0,3}chr/
        $lambda = /exec\(\s{0,4}\(\s{0,4}lambda/
        $string = /eval\(compile\(\w{1,60}, ?["'][^"'\n]{0,20}["'], ?["']exec["']\)\)/
    condition:
        any of them
}

rule decrypts_and_executes
{
    meta:
        id = "decrypts-and-executes"
        title = "text decrypted and executed"
        meaning = "The program is encrypted and lies beside its key: it is hidden from readers and scanners, not from anybody else."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1027.013"
        reference = "https://attack.mitre.org/techniques/T1027/013/"
        false_positives = "Products that license their source encrypted."
    strings:
        $inline = /exec\(\s{0,20}(compile\(\s{0,20})?Fernet\(/
        $token = /decrypt\(\s{0,4}b?["']gAAAAA/ private
        $call = /exec\(\w{1,40}(\.|\))/ private
        $fernet = "Fernet("
        $aes = /exec\([^\n]{0,80}AES\.new\(/
        $decrypt = /exec\(\s{0,20}(\w{1,30}\.){0,2}decrypt(_\w{1,20})?\(/
    condition:
        $inline or $aes or $decrypt or ($fernet and $token and $call)
}

rule obfuscator_mark
{
    meta:
        id = "obfuscator-mark"
        title = "mark of a Python obfuscator"
        meaning = "The file carries the mark of a tool whose purpose is to make Python unreadable. A package index cannot inspect it."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "The obfuscators themselves, and tools that undo them."
    strings:
        $ = "billythegoat356/Hyperion"
        $ = "Blank-c/BlankOBF"
        $ = "pyobfuscate=(lambda getattr"
        $ = "pyobfuscate.com"
        $ = "Obfuscated with PyObfuscate"
        $ = "billythegoat356/Kramer"
        $ = "_kramer:float"
        $ = "Obfuscated by Vare"
        $ = "development-tools.net/python-obfuscator"
        $ = /eval\(compile\(base64\.b64decode\(eval\(/
        $ = /,\(lambda _{2,40}: ?_{2,40}\)/
        $ = "_____=eval("
        $ = "_____ = eval("
        $ = /OOO0[O0]{6,40} ?=/
        $ = /lIIl[lI]{6,40} ?=/
        $ = "Opy - Obfuscator for Python"
        $ = "# pyminifier (https"
    condition:
        any of them and runs_code
}

rule protected_source
{
    meta:
        id = "protected-source"
        title = "source locked by a protection tool"
        meaning = "The source is encrypted by PyArmor or SourceDefender: nobody can inspect what it does, here or at the user's."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1027.013"
        reference = "https://attack.mitre.org/techniques/T1027/013/"
        false_positives = "Commercial packages that are protected on purpose, and the documentation of such tools."
    strings:
        $armor1 = "__pyarmor__(__name__, __file__"
        $armor2 = "from pytransform import pyarmor_runtime"
        $armor3 = /from \.{0,3}pyarmor_runtime_[0-9]{6} import __pyarmor__/
        $armor4 = "from pyarmor_runtime import __pyarmor__"
        $armor5 = /__pyarmor_enter_[0-9]{4,6}__\(/
        $pye = "---BEGIN PYE FILE---"
        $pye2 = /[i]mpo[r]t sourcedefender/
    condition:
        any of them
}

rule code_behind_spaces
{
    meta:
        id = "code-behind-spaces"
        title = "code far to the right of the page"
        meaning = "Behind sixty or more spaces on a line there is more code, where an editor does not show it."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1564"
        reference = "https://attack.mitre.org/techniques/T1564/"
        false_positives = "Generated tables of statements, very deeply nested code."
    strings:
        $ = "                                                            ;import "
        $ = "                                                            ;from "
        $ = "                                                            ;exec("
        $ = "                                                            ;eval("
        $ = "                                                            ;__import__("
        $ = "                                                            ;try:"
        $ = "                                                            ; exec("
        $ = /                                                            ; [i]mpo[r]t /
        $ = "                                                            ,exec("
        $ = "                                                            ,__import__("
        $ = "                                                            __import__("
        $ = "                                                             exec(__import__"
        $ = "                                                            ;subprocess."
        $ = "                                                            ;os.system("
        $ = "                                                            ;requests."
    condition:
        any of them
}

rule xor_hidden_text
{
    meta:
        id = "xor-hidden-text"
        title = "text hidden by XOR"
        meaning = "Text is put together by XOR with a key, and the file uses the network, starts a process or executes code."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1027.013"
        reference = "https://attack.mitre.org/techniques/T1027/013/"
        false_positives = "Implementations of ciphers and protocols with a command of their own."
        roles = "build install startup import command"
    strings:
        $chr = /chr\(\s{0,2}\w{1,30} ?\^ ?\w{1,30}(\[[^\]\n]{1,30}\])?\s{0,2}\) for/
        $ord = /chr\(\s{0,2}ord\([^\)\n]{1,40}\) ?\^/
    condition:
        any of them and (sends or starts_process or runs_code)
}

rule inline_import_runs_command
{
    meta:
        id = "inline-import-runs-command"
        title = "module imported inside an expression to run a command"
        meaning = "os, subprocess or socket is imported inside an expression and used at once: a way to keep the import out of sight."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1059.006"
        reference = "https://attack.mitre.org/techniques/T1059/006/"
        false_positives = "Lists of attack strings in security tools and their tests."
        roles = "build install startup import command"
    strings:
        $os = /rt__[(]\s{0,2}["']os["']\s{0,2}\)\.(system|popen|exec\w{1,3}|startfile)\(/
        $subprocess = /rt__[(]\s{0,2}["']subprocess["']\s{0,2}\)\.(Popen|run|call|check_output|getoutput|check_call)\(/
        $requests = /rt__[(]\s{0,2}["'](requests|urllib\.request|httpx)["']\s{0,2}\)\.\w/
        $module = /import_module\(\s{0,2}["'](os|subprocess)["']\s{0,2}\)\.(system|popen|Popen|run|call)\(/
    condition:
        any of them
}

rule rotated_text_executed
{
    meta:
        id = "rotated-text-executed"
        title = "ROT13 text beside exec"
        meaning = "The file turns rotated text back and executes code: a toy cipher whose only use is to hide words from a search."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "Puzzles and Easter eggs."
    strings:
        $call = /codecs\.decode\([^\n]{1,150}rot_?13/
        $name = /decode\(\w{1,20}, ?["']rot_?13["']\)/
        $run = "exec(" private
        $eval = "eval(" private
    condition:
        any of ($call, $name) and any of ($run, $eval)
}

rule code_in_media_file
{
    meta:
        id = "code-in-media-file"
        title = "code taken out of a picture or a sound"
        meaning = "The file reads hidden data from a picture or a sound and executes code or starts a process."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1027.003"
        reference = "https://attack.mitre.org/techniques/T1027/003/"
        false_positives = "Steganography libraries with a command of their own."
    strings:
        $lsb = "lsb.reveal("
        $judyb = /[f]ro[m] judyb [i]mpo[r]t/
        $stegano = /[f]ro[m] stegano [i]mpo[r]t/
        $open = /exec\([^\n]{0,60}open\([^\n]{1,60}\.(png|jpg|jpeg|gif|bmp|ico|wav|mp3|svg)["']/
        $decode = /(b64decode|decompress)\(\s{0,4}open\([^\n]{1,60}\.(png|jpg|jpeg|gif|bmp|ico|wav|mp3)["']/
        $frames = /exec\([^\n]{0,80}readframes\(/
    condition:
        any of them and (runs_code or starts_process)
}

rule encoded_program
{
    meta:
        id = "encoded-program"
        title = "program in encoded form"
        meaning = "A Windows or Linux program lies in the text as base64 or hexadecimal digits."
        severity = "critical"
        confidence = "medium"
        kind = "text"
        technique = "T1027.009"
        reference = "https://attack.mitre.org/techniques/T1027/009/"
        false_positives = "Tests of binary parsers, and tools that embed a helper program."
    strings:
        $pe1 = "TVqQAAMAAAAEAAAA//8AALgA"
        $pe2 = "TVpQAAIAAAAEAA8A//8AALgA"
        $pe3 = "TVqAAAEAAAAEABAAAAAAAAAA"
        $pehex = "4d5a90000300000004000000ffff"
        $peescape = "\\x4d\\x5a\\x90\\x00\\x03"
        $peescape2 = "MZ\\x90\\x00\\x03\\x00\\x00\\x00"
        $reversed = "AAAAEAAAAMAAQqVT"
        $elf = /f0VMRg[IE][BCE]AQ(AAA|MAA)/
        $elfhex = /7f454c460[12]0101000000000000/
        $elfescape = /\\x7f(ELF|\\x45\\x4c\\x46)\\x0[12]\\x01\\x01/
    condition:
        any of them
}
