"""The upload API 2.0 (PEP 694, draft of 2026-07-29): a release is published as a whole, when its uploader says so.

A session fills one submission. The submission is held, judged and decided like any other; only its closing differs:
it waits for `publish`. The status of a session is read from its submission, and stored nowhere else.
"""
