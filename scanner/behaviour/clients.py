"""Objects that talk to others on the code's behalf: sessions of HTTP libraries, and clients of chat services."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["CHAT_HANDLER", "is_chat_action", "is_web_request", "takes_handlers"]

_HTTP_CLIENTS: Final = frozenset(
    {"requests.Session", "requests.session", "requests.sessions.Session", "httpx.Client", "httpx.AsyncClient"}
    | {"aiohttp.ClientSession", "aiohttp.client.ClientSession", "cloudscraper.create_scraper", "tls_client.Session"}
    | {"curl_cffi.requests.Session", "curl_cffi.requests.AsyncSession", "requests_html.HTMLSession"}
    | {"urllib3.PoolManager", "requests_futures.sessions.FuturesSession"}
)
_HTTP_METHODS: Final = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "request", "options", "stream", "send"}
)

#: What is put into a data base that is reached by its address.
_INSERTION: Final = re.compile(
    r"pymongo\.(?:mongo_client\.)?MongoClient\(\)[\w.()]{0,80}\.(?:insert|insert_one|insert_many|save)"
)
_CHAT: Final = (
    r"(?:telebot|aiogram|telegram|pyrogram|telethon|discord|nextcord|disnake|vk_api|vkbottle|slack_\w{2,8})\b"
)
_CHAT_ACTION: Final = re.compile(
    rf"{_CHAT}[\w.]{{0,60}}\(\)[\w.()]{{0,60}}\.(?:send\w{{0,24}}|reply\w{{0,24}}|answer\w{{0,16}}|forward_message|copy_message"
    r"|polling|infinity_polling|start_polling|run_polling|chat_postMessage|files_upload\w{0,4})"
)
#: Decorators whose function is called with what somebody writes in a chat.
CHAT_HANDLER: Final = re.compile(
    rf"{_CHAT}[\w.()]{{0,80}}\.(?:message_handler|callback_query_handler|channel_post_handler|on_message|event|command|listen"
    r"|hybrid_command|on|message|channel_post|register_message_handler)(?:\(\))?"
    r"|socketio\.\w{0,16}Client\(\)\.(?:on|event)(?:\(\))?"
)
#: Calls that are given a function for what somebody sends.
_HANDLER_TAKERS: Final = re.compile(
    r"websocket\.WebSocketApp|telegram\.ext\.(?:Command|Message|CallbackQuery)Handler|socketio\.\w{0,16}Client\(\)\.on"
    r"|telebot\.\w{0,20}\(\)\.(?:register_message_handler|register_next_step_handler)|paho\.mqtt\.client\.Client\(\)\.message_callback_add"
)


def takes_handlers(ref: str | None) -> bool:
    """Whether a call of `ref` is given functions for what somebody sends."""
    return ref is not None and _HANDLER_TAKERS.fullmatch(ref) is not None


def is_web_request(ref: str) -> bool:
    """Whether `ref` is a method of an HTTP session that sends a request."""
    head, _, method = ref.rpartition(".")
    if _INSERTION.fullmatch(ref):
        return True
    return method in _HTTP_METHODS and head.removesuffix("()") in _HTTP_CLIENTS


def is_chat_action(ref: str) -> bool:
    """Whether `ref` is a method of a chat client that sends, or waits for messages."""
    return _CHAT_ACTION.fullmatch(ref) is not None
