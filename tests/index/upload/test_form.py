from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.upload.faults import UploadRefused
from index.upload.form import Body, FormLimits, UploadForm, receive_form

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Part = tuple[str, str | None, bytes]
LIMITS = FormLimits(file_bytes=1000, field_bytes=500, parts=20)
BOUNDARY = "a-boundary"


def encode(parts: Sequence[Part], boundary: str = BOUNDARY) -> bytes:
    out = bytearray()
    for name, filename, data in parts:
        out += f"--{boundary}\r\n".encode()
        extra = "" if filename is None else f'; filename="{filename}"'
        out += f'Content-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        out += data + b"\r\n"
    return bytes(out + f"--{boundary}--\r\n".encode())


class Dribble(io.BytesIO):
    """A connection that gives `step` bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self.step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self.step, size) if size and size > 0 else self.step)


class Cut:
    """A connection that gives its chunks one by one."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def read(self, _size: int = -1, /) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""


class Unread:
    """A connection that nobody may read from."""

    def read(self, _size: int = -1, /) -> bytes:
        raise AssertionError("read")


def receive(folder: Path, body: bytes, *, step: int = 65536, length: int | None = -1) -> tuple[UploadForm, bytes]:
    length = len(body) if length == -1 else length
    with receive_form(Body(Dribble(body, step), BOUNDARY, length), folder, LIMITS) as form:
        return form, form.content.path.read_bytes()


def refusal(folder: Path, body: bytes, **kwargs: int | None) -> tuple[int, str]:
    with pytest.raises(UploadRefused) as caught:
        receive(folder, body, **kwargs)  # type: ignore[arg-type] # only `length` is passed
    assert list(folder.iterdir()) == []
    return caught.value.status.value, caught.value.faults[0].code


CONTENT: Part = ("content", "foo-1.0.tar.gz", b"the bytes\r\n--a-bound")


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("step", [1, 7, 65536])
def test_the_file_may_stand_before_between_or_after_the_fields(tmp_path: Path, position: int, step: int) -> None:
    parts: list[Part] = [("name", None, b" foo "), ("classifiers", None, b"a"), ("classifiers", None, b"b")]
    parts.insert(position, CONTENT)

    form, data = receive(tmp_path, encode(parts), step=step)

    assert data == CONTENT[2]
    assert form.first("name") == "foo"
    assert form.fields["classifiers"] == ("a", "b")
    assert form.content.filename == "foo-1.0.tar.gz"
    assert form.content.size == len(CONTENT[2])
    assert form.content.sha256 == hashlib.sha256(CONTENT[2]).hexdigest()
    assert form.content.blake2_256 == hashlib.blake2b(CONTENT[2], digest_size=32).hexdigest()
    assert list(tmp_path.iterdir()) == []


@given(data=st.binary(max_size=300), step=st.integers(1, 400), before=st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_file_arrives_byte_for_byte_however_the_connection_cuts_it(
    tmp_path: Path, data: bytes, step: int, before: str
) -> None:
    parts: list[Part] = [("summary", None, before.encode()), ("content", "f", data), ("x", None, b"1")]
    form, received = receive(tmp_path, encode(parts), step=step)
    assert received == data
    assert form.fields["summary"] == (before,)


def test_no_place_where_the_connection_cuts_the_body_changes_a_byte(tmp_path: Path) -> None:
    # A parser may lose or add a CR when the cut is between the hyphens of the last boundary.
    parts: list[Part] = [("name", None, b"foo"), ("content", "f", b"\r\n--a-boundar\r\r\n--\r")]
    body = encode(parts)
    for cut in range(1, len(body)):
        stream = Cut([body[:cut], body[cut:]])
        with receive_form(Body(stream, BOUNDARY, len(body)), tmp_path, LIMITS) as form:
            assert (cut, form.content.path.read_bytes()) == (cut, parts[1][2])
            assert (cut, form.first("name")) == (cut, "foo")


@given(junk=st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_junk_is_refused_and_nothing_else_happens(tmp_path: Path, junk: bytes) -> None:
    status, _ = refusal(tmp_path, b"--a-boundary\r\n" + junk)
    assert status in {400, 413}


MALFORMED = [
    pytest.param([("name", None, b"foo")], 400, "form.content-missing", id="no file"),
    pytest.param([CONTENT, CONTENT], 400, "form.content-twice", id="two files"),
    pytest.param([("content", None, b"x")], 400, "form.content-unnamed", id="file without a name"),
    pytest.param([("content", "", b"x")], 400, "form.content-unnamed", id="file with an empty name"),
    pytest.param([("name", "a.txt", b"foo"), CONTENT], 400, "form.field-is-file", id="field sent as a file"),
    pytest.param([("content", "f", b"x" * 1001)], 413, "form.file-too-large", id="file over the limit"),
    pytest.param([("a", None, b"x" * 251), ("b", None, b"x" * 250)], 413, "form.fields-too-large", id="fields"),
    pytest.param([("gpg_signature", "f.asc", b"x" * 501)], 413, "form.fields-too-large", id="ignored file counts"),
    pytest.param([("a", None, b"")] * 21, 413, "form.too-many-parts", id="too many parts"),
]


@pytest.mark.parametrize(("parts", "status", "code"), MALFORMED)
def test_a_form_that_is_no_upload_is_refused(tmp_path: Path, parts: list[Part], status: int, code: str) -> None:
    assert refusal(tmp_path, encode(parts)) == (status, code)


HEADERS = [
    pytest.param(b"X: " + b"x" * 16384, 413, "form.too-many-parts", id="a long header"),
    pytest.param(
        b"\r\n".join(b"X-%d: x" % number for number in range(17)), 413, "form.too-many-parts", id="many headers"
    ),
    pytest.param(b"no colon", 400, "form.malformed", id="no header"),
    pytest.param(b"X: \xff", 400, "form.malformed", id="no UTF-8"),
    pytest.param(b"Content-Length: 7", 400, "form.malformed", id="a wrong length"),
    pytest.param(b"Content-Disposition: attachment", 400, "form.malformed", id="another disposition"),
]


@pytest.mark.parametrize(("header", "status", "code"), HEADERS)
@pytest.mark.parametrize("step", [1, 65536])
def test_a_part_whose_headers_are_too_large_or_none_is_refused(
    tmp_path: Path, header: bytes, status: int, code: str, step: int
) -> None:
    body = encode([CONTENT]).replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n", 1)
    assert refusal(tmp_path, body, step=step) == (status, code)


@given(header=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_stands_in_a_header_is_taken_or_refused(tmp_path: Path, header: bytes) -> None:
    body = encode([CONTENT]).replace(b"form-data; ", b"form-data; " + header.replace(b"\r\n", b"") + b"; ", 1)
    with suppress(UploadRefused):
        receive(tmp_path, body, length=len(body))
    assert list(tmp_path.iterdir()) == []


def test_lines_that_end_in_a_bare_line_feed_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, encode([CONTENT]).replace(b"\r\n", b"\n")) == (400, "form.malformed")


def test_a_file_of_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    _, data = receive(tmp_path, encode([("content", "f", b"x" * 1000)]))
    assert len(data) == 1000


def test_a_signature_of_old_clients_is_ignored(tmp_path: Path) -> None:
    form, _ = receive(tmp_path, encode([("gpg_signature", "f.asc", b"x"), CONTENT]))
    assert "gpg_signature" not in form.fields


def test_the_placeholder_of_old_tools_is_no_value(tmp_path: Path) -> None:
    form, _ = receive(tmp_path, encode([("name", None, b"UNKNOWN"), CONTENT]))
    assert form.first("name") == ""


@pytest.mark.parametrize("cut", [1, 10, 60, 100])
def test_a_connection_that_ends_early_is_refused(tmp_path: Path, cut: int) -> None:
    body = encode([CONTENT])
    assert refusal(tmp_path, body[:-cut], length=len(body)) == (400, "form.truncated")


def test_a_chunked_body_that_ends_early_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, encode([CONTENT])[:-20], length=None) == (400, "form.malformed")


def test_a_chunked_body_needs_no_length(tmp_path: Path) -> None:
    _, data = receive(tmp_path, encode([CONTENT]), length=None)
    assert data == CONTENT[2]


def test_an_announced_length_that_no_upload_has_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with (
        pytest.raises(UploadRefused) as caught,
        receive_form(Body(Unread(), BOUNDARY, LIMITS.body_bytes + 1), tmp_path, LIMITS),
    ):
        pass
    assert caught.value.status.value == 413


def test_a_chunked_body_without_end_is_refused(tmp_path: Path) -> None:
    endless = encode([CONTENT]) + b"\r\n" * LIMITS.body_bytes
    status, _ = refusal(tmp_path, endless, length=None)
    assert status == 413


def test_the_file_is_gone_after_an_exception_inside_the_block(tmp_path: Path) -> None:
    body = encode([CONTENT])

    def fail() -> None:
        with receive_form(Body(io.BytesIO(body), BOUNDARY, len(body)), tmp_path, LIMITS) as form:
            assert form.content.path.exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_swept_away_meanwhile_is_no_failure(tmp_path: Path) -> None:
    body = encode([CONTENT])
    with receive_form(Body(io.BytesIO(body), BOUNDARY, len(body)), tmp_path, LIMITS) as form:
        form.content.path.unlink()
