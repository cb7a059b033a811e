"""Where a link inside a tar archive points: to a name inside the folder that the archive makes, or it is refused."""

from __future__ import annotations

__all__ = ["symlink_target"]


def symlink_target(link: str, target: str) -> str | None:
    """The name that the symbolic link `link` points at when it says `target`; None when that may lie outside.

    `link` itself lies in real folders (a name below a link is refused elsewhere), so leading `..` components mean what
    they say. A `..` after another component may follow a second link to anywhere and is never accepted.
    """
    folder = link.split("/")[:-1]
    climbing = True
    components = target.removesuffix("/").split("/")
    if not target.isprintable() or "\\" in target or ":" in target or components == [""]:
        return None
    for component in components:
        if component == "..":
            if not climbing or len(folder) <= 1:
                return None
            folder.pop()
        elif component == "":
            return None
        elif component != ".":
            climbing = False
            folder.append(component)
    return "/".join(folder)
