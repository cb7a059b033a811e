// Code that spends other people's electricity.

rule miner_protocol
{
    meta:
        id = "miner-protocol"
        title = "protocol of a mining pool"
        meaning = "The file holds the address scheme by which miners of cryptocurrency talk to their pool."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1496"
        reference = "https://attack.mitre.org/techniques/T1496/"
        false_positives = "Mining software that says so in its name."
    strings:
        $ = "stratum+tcp://" nocase ascii wide
        $ = "stratum+ssl://" nocase ascii wide
        $ = "stratum2+tcp://" nocase ascii wide
        $ = "mining.subscribe" ascii wide
    condition:
        any of them
}

rule miner_program
{
    meta:
        id = "miner-program"
        title = "mining program"
        meaning = "The file names a mining program together with its options, its pools or a download."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1496"
        reference = "https://attack.mitre.org/techniques/T1496/"
        false_positives = "Detection rules; mining software that says so in its name."
        roles = "build install startup import command"
    strings:
        $program1 = "xmrig" nocase
        $program2 = "nbminer" nocase
        $program3 = "phoenixminer" nocase
        $program4 = "t-rex.exe" nocase
        $program5 = "cpuminer" nocase
        $option1 = "--donate-level" private
        $option2 = "--rig-id" private
        $option3 = "randomx" nocase private
        $option4 = "--coin" private
        $pool1 = "moneroocean.stream" nocase
        $pool2 = "nanopool.org" nocase
        $pool3 = "supportxmr.com" nocase
        $pool4 = "2miners.com" nocase
        $pool5 = "unmineable.com" nocase
    condition:
        any of ($program*) and (any of ($option*) or any of ($pool*) or fetches)
}
