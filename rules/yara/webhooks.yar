// Where stolen things go: chats, collectors, file hosts, name servers.

rule discord_webhook
{
    meta:
        id = "discord-webhook"
        title = "Discord webhook with its secret"
        meaning = "The file holds the address and secret of a Discord channel: whoever runs it reports to that channel."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1567.004"
        reference = "https://attack.mitre.org/techniques/T1567/004/"
        false_positives = "A maintainer's forgotten notification hook; examples with a made-up secret."
    strings:
        $url = /discord(app)?\.com\/api\/(v[0-9]{1,2}\/)?webhooks\/[0-9]{15,21}\/[\w-]{30,100}/
        $split = /["']https:\/\/(canary\.|ptb\.)?discord(app)?\.com\/api\/webhooks\/["'] ?\+/
    condition:
        any of them
}

rule telegram_bot_reports
{
    meta:
        id = "telegram-bot-reports"
        title = "report to a Telegram bot"
        meaning = "The file calls Telegram's bot interface with a token of its own: whoever runs it reports to that bot's owner."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1567"
        reference = "https://attack.mitre.org/techniques/T1567/"
        false_positives = "Notification tools; there the token comes from the user."
        roles = "build install startup import command"
    strings:
        $token = /api\.telegram\.org\/bot[0-9]{6,12}:[\w-]{30,50}/
        $literal = /token\w{0,12}["']? ?[=:(] ?f?["'][0-9]{8,10}:AA[A-Za-z0-9_-]{33}["']/
        $api = "api.telegram.org/bot"
        $send1 = "sendDocument" private
        $send2 = "sendMessage" private
        $send3 = "sendPhoto" private
        $bot = "telebot.TeleBot("
        $chat1 = /chat_id["']? ?[=:] ?["']?-?[0-9]{6,14}/ private
        $chat2 = /CHAT_ID ?= ?["']?-?[0-9]{6,14}/ private
    condition:
        $token or $literal or (any of ($api, $bot) and any of ($chat*)) or ($api and any of ($send*) and names_the_machine)
}

rule chat_webhook
{
    meta:
        id = "chat-webhook"
        title = "chat webhook with its secret"
        meaning = "The file holds the secret address of a Slack, Teams, Google Chat, Lark or DingTalk channel."
        severity = "medium"
        confidence = "medium"
        kind = "text"
        technique = "T1567.004"
        reference = "https://attack.mitre.org/techniques/T1567/004/"
        false_positives = "A company's own notification, published by mistake; examples."
    strings:
        $slack = /hooks\.slack\.com\/(services|workflows|triggers)\/[A-Z][A-Z0-9]{6,12}\/[A-Z0-9]{6,12}\/[A-Za-z0-9]{16,40}/
        $teams = /[\w-]{1,16}\.webhook\.office\.com\/webhookb2\/[\w-]{30,40}/
        $google = /chat\.googleapis\.com\/v1\/spaces\/[\w-]{6,20}\/messages\?key=[\w-]{20,60}/
        $lark = /open\.(larksuite|feishu)\.c(om|n)\/open-apis\/bot\/v2\/hook\/[\w-]{20,50}/
        $dingtalk = /oapi\.dingtalk\.com\/robot\/send\?access_token=[0-9a-f]{40,80}/
    condition:
        any of them
}

rule out_of_band_host
{
    meta:
        id = "out-of-band-host"
        title = "host that collects what it is sent"
        meaning = "The file names a service that testers and attackers use to see who calls, and uses the network or says who the machine is."
        severity = "high"
        confidence = "high"
        kind = "text"
        technique = "T1567"
        reference = "https://attack.mitre.org/techniques/T1567/"
        false_positives = "Security tools that offer such a service; tests of webhooks."
    strings:
        $ = /\.oast\.(fun|me|live|online|pro|site)\b/
        $ = ".oastify.com"
        $ = ".burpcollaborator.net"
        $ = ".interact.sh"
        $ = ".interactsh.com"
        $ = ".pipedream.net"
        $ = ".requestrepo.com"
        $ = ".ceye.io"
        $ = ".dnslog.cn"
        $ = ".dnslog.pw"
        $ = ".dns.outbound.watchtowr.com"
        $ = ".bxss.in"
        $ = ".xss.ht"
        $ = ".ezxss.com"
        $ = ".dnsbin.zhack.ca"
        $ = ".eyes.sh"
        $ = ".callback.red"
    condition:
        any of them and (sends or names_the_machine or starts_process)
}

rule request_collector_host
{
    meta:
        id = "request-collector-host"
        title = "request to a host that shows what it is sent"
        meaning = "The file sends something to a service that developers use to look at requests, and that thieves use to collect them."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1567"
        reference = "https://attack.mitre.org/techniques/T1567/"
        false_positives = "Examples of webhooks in documentation strings; test helpers."
        roles = "build install startup import command"
    strings:
        $ = "webhook.site/"
        $ = "requestbin.net"
        $ = "requestbin.com"
        $ = "requestcatcher.com"
        $ = "beeceptor.com"
        $ = "hookbin.com"
        $ = "hookb.in/"
        $ = ".hookdeck.com"
        $ = ".webhook.cool"
        $ = ".mockapi.io/"
        $ = "canarytokens.com/"
    condition:
        any of them and (uploads or names_the_machine or starts_process)
}

rule tunnel_host
{
    meta:
        id = "tunnel-host"
        title = "address of a computer behind a tunnel"
        meaning = "The file names a temporary address of somebody's own computer and uses the network: no published package needs that."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1572"
        reference = "https://attack.mitre.org/techniques/T1572/"
        false_positives = "Examples in documentation; tools that manage such tunnels."
        roles = "build install startup import command"
    strings:
        $ = /\/\/[\w.-]{4,60}\.ngrok\.io/
        $ = /\/\/[\w.-]{4,60}\.ngrok-free\.(app|dev)/
        $ = /\/\/[\w.-]{4,60}\.ngrok\.app/
        $ = /tcp\.(eu\.|ap\.|us\.|in\.|jp\.)?ngrok\.io/
        $ = /\/\/[\w.-]{4,60}\.trycloudflare\.com/
        $ = /\/\/[\w.-]{4,60}\.loca\.lt/
        $ = /\/\/[\w.-]{4,60}\.serveo\.net/
        $ = ".portmap.io"
        $ = ".lhr.life"
    condition:
        any of them and sends
}

rule identity_beacon
{
    meta:
        id = "identity-beacon"
        title = "machine and user names sent to a server"
        meaning = "The names of the machine, its user and folder are put into a request: the call of a dependency-confusion probe."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1082"
        reference = "https://attack.mitre.org/techniques/T1082/"
        false_positives = "Licence checks, telemetry and error reporting."
        roles = "build install startup import command"
    strings:
        $host1 = "gethostname(" private
        $host2 = "platform.node(" private
        $host3 = "COMPUTERNAME" private
        $host4 = "$(hostname)"
        $host5 = "getfqdn(" private
        $user1 = "getpass.getuser("
        $user2 = "os.getlogin("
        $user3 = /[e]nv[i]ron(\.get\(|\[)["'](USER|USERNAME|LOGNAME)["']/
        $user4 = "whoami"
        $more1 = "os.getcwd("
        $more2 = "api.ipify.org"
        $more3 = "ipinfo.io"
        $more4 = "/etc/passwd"
        $more5 = "uuid.getnode("
        $more6 = "expanduser("
    condition:
        any of ($host*) and any of ($user*) and any of ($more*) and sends
}

rule public_address_lookup
{
    meta:
        id = "public-address-lookup"
        title = "question for the machine's public address"
        meaning = "The file asks a web service under which address and in which country the machine is seen."
        severity = "low"
        confidence = "medium"
        kind = "text"
        technique = "T1016"
        reference = "https://attack.mitre.org/techniques/T1016/"
        false_positives = "Network tools, cluster set-up, geolocation features."
        roles = "build install startup import command"
    strings:
        $ = "api.ipify.org"
        $ = "ipinfo.io/"
        $ = "ip-api.com/"
        $ = "ifconfig.me"
        $ = "checkip.amazonaws.com"
        $ = "icanhazip.com"
        $ = "ip.42.pl/"
        $ = "ipapi.co/"
        $ = "api.myip.com"
        $ = "ident.me"
        $ = "wtfismyip.com"
        $ = "geolocation-db.com"
    condition:
        any of them and sends
}

rule data_in_name_queries
{
    meta:
        id = "data-in-name-queries"
        title = "data hidden in name queries"
        meaning = "Encoded facts about the machine become part of a host name that is looked up: data leaves through the name server, past every proxy."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1048.003"
        reference = "https://attack.mitre.org/techniques/T1048/003/"
        false_positives = "Name-server tools."
        roles = "build install startup import command"
    strings:
        $encode1 = "b32encode(" private
        $encode2 = "hexlify(" private
        $encode3 = "b64encode(" private
        $encode4 = ".hex()" private
        $query1 = /gethostbyname\(f?["'{]?[^)\n]{0,60}(\+|\{|%)/
        $query2 = /getaddrinfo\(f["']/
        $query3 = /(nslookup|"ping|'ping|dig \+short)( -\w{1,3} ?\w{0,3}){0,2} (%s|\{\w|["'] ?\+)/
        $query4 = /resolver\.(query|resolve)\(/
        $query5 = /["']nslookup["'], ?\w/
        $query6 = /gethostbyname\([a-z]{1,12}\)/
    condition:
        any of ($encode*) and any of ($query*) and names_the_machine
}

rule anonymous_upload
{
    meta:
        id = "anonymous-upload"
        title = "upload to an anonymous file host"
        meaning = "The code puts a file on a host that asks for no account, as stealers do with their loot."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1567.002"
        reference = "https://attack.mitre.org/techniques/T1567/002/"
        false_positives = "Command line tools for such a host."
        roles = "build install startup import command"
    strings:
        $ = /gofile\.io\/(uploadFile|contents\/uploadfile|getServer)/
        $ = "https://file.io"
        $ = "catbox.moe/user/api.php"
        $ = "api.anonfiles.com/upload"
        $ = "tmpfiles.org/api"
        $ = "https://0x0.st"
        $ = "temp.sh/upload"
        $ = "store-eu-par-1.gofile.io"
    condition:
        any of them and uploads
}

rule confusion_probe
{
    meta:
        id = "confusion-probe"
        title = "probe that says so itself"
        meaning = "The text calls the package a proof of concept of dependency confusion or a security test, and uses the network. An index accepts no such tests."
        severity = "high"
        confidence = "medium"
        kind = "text"
        technique = "T1195.002"
        reference = "https://attack.mitre.org/techniques/T1195/002/"
        false_positives = "Tools and texts about dependency confusion."
        roles = "build install startup import command"
    strings:
        $ = /[Dd]epe[n]de[n]cy[ _-][Cc]onfusion[^\n]{0,60}(poc|PoC|POC|proof|test|research|bounty|attack|exploit)/
        $ = /(PoC|proof of concept|research)[^\n]{0,60}[Dd]epe[n]de[n]cy[ _-][Cc]onfusion/
        $ = /(security research|bug [b]oun[t]y|pentesting) purposes? only/
        $ = "bugbounty" fullword
        $ = /bug [b]oun[t]y (poc|research|program)/
        $ = "ou have been pwned"
    condition:
        any of them and (sends or starts_process)
}
