// Text for machines that read: instructions to assistants and to reviewers, and files that set assistants up.

rule editor_task_on_open
{
    meta:
        id = "editor-task-on-open"
        title = "editor task that runs when a folder is opened"
        meaning = "The file is, or writes, a task that the editor runs by itself as soon as the folder is opened."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1546"
        reference = "https://attack.mitre.org/techniques/T1546/"
        false_positives = "Project templates of development tools."
    strings:
        $open = /["']?runOn["']? ?: ?["']folderOpen["']/
        $command = "command" private
    condition:
        all of them
}

rule assistant_configuration_written
{
    meta:
        id = "assistant-configuration-written"
        title = "change to a coding assistant's configuration"
        meaning = "The code changes what an assistant on this machine may do or runs by itself: its settings, hooks or tool servers."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1546"
        reference = "https://attack.mitre.org/techniques/T1546/"
        false_positives = "Tool servers that offer to register themselves."
        roles = "build install startup import command"
    strings:
        $ = /\.claude(\/|["'], ?["']|["'] ?\/ ?["'])(settings(\.local)?\.json|commands|skills|agents|CLAUDE\.md)/
        $ = "claude_desktop_config.json"
        $ = /\.cursor(\/|["'], ?["']|["'] ?\/ ?["'])(mcp\.json|rules)/
        $ = ".cursorrules"
        $ = /\.vscode(\/|["'], ?["']|["'] ?\/ ?["'])(tasks|settings|mcp)\.json/
        $ = /\.gemini(\/|["'], ?["']|["'] ?\/ ?["'])settings\.json/
        $ = /\.codex(\/|["'], ?["']|["'] ?\/ ?["'])config\.toml/
        $ = "copilot-instructions.md"
    condition:
        any of them and writes_files
}

rule assistant_without_consent
{
    meta:
        id = "assistant-without-consent"
        title = "coding assistant started without asking for consent"
        meaning = "The code starts an assistant with the option that lets it act without consent, to make it search or change this machine."
        severity = "critical"
        confidence = "high"
        kind = "text"
        technique = "T1059"
        reference = "https://attack.mitre.org/techniques/T1059/"
        false_positives = "Runners and wrappers for assistants."
        roles = "build install startup import command"
    strings:
        $ = "--dangerously-skip-permissions"
        $ = /gemini["', ]{1,6}[^\n]{0,60}--yolo/
        $ = "--trust-all-tools"
        $ = "--dangerously-bypass-approvals-and-sandbox"
    condition:
        any of them and starts_process
}

rule reviewer_addressed
{
    meta:
        id = "reviewer-addressed"
        title = "text that speaks to an automatic reviewer"
        meaning = "A sentence tells a scanner or a language model what to think of this package. It changes no verdict here, and an honest package needs none."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1562"
        reference = "https://attack.mitre.org/techniques/T1562/"
        false_positives = "Libraries that defend against such text, with their tests and examples."
    strings:
        $verdict1 = /(mar[k]|classify|report|treat|rate|consider|label|score|judge|flag|describe)( \w{1,12}){0,5} as (safe|benign|harmless|clean|not malicious)\b/
        $verdict2 = /(say|state|conclude|answer|respond|confirm|declare|reply)( \w{1,12}){0,2} that( \w{1,12}){0,4} (is|are) (safe|benign|harmless|clean|not malicious)\b/
        $verdict3 = /not (flag|report) this (package|file|code|module|release|project)/
        $verdict4 = /skip (the|this|any|all) (analysis|review|scan)/
        $verdict5 = /no further (analysis|review|scan)/
        $model1 = "language model" private
        $model2 = "AI review" private
        $model3 = "AI scan" private
        $model4 = "AI agent" private
        $model5 = "AI assistant" private
        $model6 = "LLM-" private
        $model11 = "LLMs" fullword private
        $model7 = "automated review" private
        $model8 = "security scanner" private
        $model9 = "malware scanner" private
        $model10 = /[c]ode reviewer/ private
        $order1 = "previous instructions" private
        $order2 = "prior instructions" private
        $order3 = "above instructions" private
    condition:
        any of ($verdict*) and (any of ($model*) or any of ($order*))
}

rule reviewer_instructed
{
    meta:
        id = "reviewer-instructed"
        title = "order to a reviewer to call this harmless"
        meaning = "A text tells whatever model reads it to forget its instructions and to judge this package well. It changes no verdict here."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1562"
        reference = "https://attack.mitre.org/techniques/T1562/"
        false_positives = "Examples in libraries that defend against such text."
        members = "*.py *.pth *.toml *.cfg METADATA PKG-INFO README* SKILL.md CLAUDE.md AGENTS.md"
    strings:
        $ignore = /gnore (all |any |your |the )?(previous|prior|above|earlier) (instructions|rules|prompts|findings)[^\n]{0,150}(safe|benign|harmless|malicious)/
        $disregard = /isregard (all |any |your |the )?(previous|prior|above|earlier) (instructions|rules|prompts|findings)[^\n]{0,150}(safe|benign|harmless|malicious)/
        $forget = /orget (all |any |your |the )?(previous|prior|above|earlier) (instructions|rules|prompts|findings)[^\n]{0,150}(safe|benign|harmless|malicious)/
    condition:
        any of them
}

rule instructions_overridden
{
    meta:
        id = "instructions-overridden"
        title = "text that overrides a model's instructions"
        meaning = "A sentence tells whatever language model reads it to forget its instructions."
        severity = "medium"
        confidence = "low"
        kind = "text"
        technique = "T1204"
        reference = "https://attack.mitre.org/techniques/T1204/"
        false_positives = "Libraries for language models: their tests, examples and guards."
    strings:
        $ = "gnore previous instructions"
        $ = "gnore all previous instructions"
        $ = "gnore your previous instructions"
        $ = "gnore the above instructions"
        $ = "gnore all prior instructions"
        $ = "isregard previous instructions"
        $ = "isregard all previous instructions"
        $ = "orget all previous instructions"
        $ = "orget your instructions"
        $ = "you are now in developer mode"
        $ = "reveal your system prompt"
    condition:
        any of them
}

rule instructions_to_steal
{
    meta:
        id = "instructions-to-steal"
        title = "instructions to an assistant to read secrets"
        meaning = "A text written for a coding assistant tells it to read keys or wallets, or to hide what it does from its user."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1552"
        reference = "https://attack.mitre.org/techniques/T1552/"
        false_positives = "Security guides and tests for assistants."
    strings:
        $hide1 = /(tell|mention|inform|notify|reveal|show)( this| it| anything)?( to)? the user/ private
        $hide2 = /[w]ithout telling the user/ private
        $read1 = "~/.ssh"
        $read2 = "~/.aws"
        $read3 = "private key"
        $read4 = "seed phrase"
        $read5 = "id_rsa"
        $read6 = "~/.cursor/mcp.json"
        $agent1 = "assistant" private
        $agent2 = "Assistant" private
        $agent3 = " agent" fullword private
        $agent4 = "Agent" fullword private
        $search = /[Rr]ecursively search[^\n]{1,100}(wallet|keystore|\.env|secret|credential)/
        $important = "<IMPORTANT>" private
    condition:
        (any of ($hide*) and any of ($read*) and any of ($agent*)) or $search or ($important and any of ($read*))
}

rule publishes_packages
{
    meta:
        id = "publishes-packages"
        title = "packages published with a found token"
        meaning = "The code finds tokens for package indexes and runs the command that publishes: the step by which a worm spreads."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1195.002"
        reference = "https://attack.mitre.org/techniques/T1195/002/"
        false_positives = "Release tools."
        roles = "build install startup import command"
    strings:
        $token1 = ".npmrc" private
        $token2 = ".pypirc" private
        $token3 = "_authToken" private
        $token4 = "NPM_TOKEN" private
        $token5 = "TWINE_PASSWORD" private
        $publish1 = /npm["', ]{1,4}publish/
        $publish2 = /twine["', ]{1,4}upload/
        $publish3 = /(uv|poetry|flit)["', ]{1,4}publish/
        $workflow = ".github/workflows/" private
    condition:
        any of ($publish*) and (2 of ($token*) or (any of ($token*) and $workflow)) and starts_process
}
