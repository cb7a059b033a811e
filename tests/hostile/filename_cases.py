"""Sound artifacts under names that no upload may have."""

from __future__ import annotations

from typing import Final

from tests.hostile.case import Case, refused
from tests.hostile.dist_builder import sdist, wheel

__all__ = ["FILENAME_CASES"]


def named(filename: str) -> tuple[str, bytes]:
    return filename, wheel() if filename.endswith(".whl") else sdist()


FILENAME_CASES: Final[tuple[Case, ...]] = (
    *(
        refused(47, filename, named(filename), "filename.not-normalized")
        for filename in (
            "Demo_pkg-1.0-py3-none-any.whl",
            "demo.pkg-1.0-py3-none-any.whl",
            "demo_pkg-01.0-py3-none-any.whl",
            "demo_pkg-1.0RC1-py3-none-any.whl",
            "demo-pkg-1.0.tar.gz",
            "Demo_pkg-1.0.tar.gz",
            "demo_pkg-v1.0.tar.gz",
        )
    ),
    *(
        refused(48, ascii(filename[:40]), named(filename), code)
        for filename, code in (
            ("demo_pkg-1.0-py3-none-any\0.whl", "filename.characters"),
            ("d\u00e9mo_pkg-1.0-py3-none-any.whl", "filename.characters"),
            ("demo_pkg-1.0-py\u0663-none-any.whl", "filename.characters"),
            ("../demo_pkg-1.0.tar.gz", "filename.characters"),
            (".demo_pkg-1.0.tar.gz", "filename.characters"),
            ("demo_pkg-1.0.tar.gz\n", "filename.characters"),
            ("demo_pkg-1." + "0" * 200 + ".tar.gz", "filename.characters"),
            ("", "filename.characters"),
            ("demo_pkg-1.0.zip", "filename.extension"),
            ("demo_pkg-1.0.tar.bz2", "filename.extension"),
            ("demo_pkg-1.0-py3.11.egg", "filename.extension"),
            ("demo_pkg-1.0-py3-none-any.WHL", "filename.extension"),
            ("demo_pkg-1.0-py3-none.whl", "filename.malformed"),
            ("demo_pkg-1.0-x1-py3-none-any.whl", "filename.malformed"),
            ("demo_pkg-1.0-1-2-py3-none-any.whl", "filename.malformed"),
            ("demo__pkg-1.0-py3-none-any.whl", "filename.malformed"),
            ("demo_pkg-one-py3-none-any.whl", "filename.malformed"),
            ("demo_pkg.tar.gz", "filename.malformed"),
            ("demo_pkg-x.y.tar.gz", "filename.malformed"),
            ("d-1-" + ".".join(["a"] * 20) + "-" + ".".join(["b"] * 20) + "-c.whl", "filename.too-many-tags"),
        )
    ),
)
