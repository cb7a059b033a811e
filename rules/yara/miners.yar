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
        $ = "stratum+tcp://" ascii wide
        $ = "stratum+ssl://" ascii wide
        $ = "stratum2+tcp://" ascii wide
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
        $program1 = "xmrig"
        $program6 = "XMRig"
        $program2 = "nbminer"
        $program3 = "phoenixminer"
        $program4 = "t-rex.exe"
        $program5 = "cpuminer"
        $option1 = "--donate-level" private
        $option2 = "--rig-id" private
        $option3 = "randomx" private
        $option4 = "--coin" private
        $pool1 = "moneroocean.stream"
        $pool2 = "nanopool.org"
        $pool3 = "supportxmr.com"
        $pool4 = "2miners.com"
        $pool5 = "unmineable.com"
    condition:
        any of ($program*) and (any of ($option*) or any of ($pool*) or fetches)
}
