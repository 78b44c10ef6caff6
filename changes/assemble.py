"""Write the news fragments of this folder into CHANGELOG.md; README.md beside this file says how they look.

``make changelog VERSION=0.2.0`` runs it at a release; ``--check`` changes nothing.
"""

from __future__ import annotations

import argparse
import datetime
import re
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
KINDS = {
    "numbers": "Changes to numbers",
    "added": "Added",
    "changed": "Changed",
    "fixed": "Fixed",
    "removed": "Removed",
}
"""Heading by kind, in the order in which they are printed."""
WIDTH = 118
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def read(folder: Path) -> dict[Path, tuple[str, str]]:
    """Give kind and text of every fragment, by name; ``SystemExit`` names each file that is none."""
    found, wrong = {}, []
    for path in sorted(folder.iterdir()):
        if path.name in ("README.md", Path(__file__).name) or path.name.startswith((".", "__")):
            continue
        name = re.fullmatch(r"[a-z0-9-]+\.([a-z]+)\.md", path.name)
        text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        if name is None or name[1] not in KINDS:
            wrong.append(f"{path.name}: the name is not <what>.<kind>.md, kind one of {', '.join(KINDS)}")
        elif not text or text.startswith(("*", "-", "#")):
            wrong.append(f"{path.name}: empty, or begins with a bullet or a heading")
        else:
            found[path] = (name[1], text)
    if wrong:
        raise SystemExit("\n".join(wrong))
    return found


def assemble(changelog: str, fragments: Sequence[tuple[str, str]], version: str, day: str) -> str:
    """Give the changelog with a section for ``version``; an unreleased section of it is taken over."""
    opened = re.search(rf"^## {re.escape(version)} \(unreleased\)\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if opened is None and re.search(rf"^## {re.escape(version)}\b", changelog, re.M):
        raise SystemExit(f"{version} stands in CHANGELOG.md already")
    headings = _bullets(opened[1]) if opened else {}
    for kind, text in fragments:
        headings.setdefault(KINDS[kind], []).append(_bullet(text))
    parts = [f"## {version} ({day})\n"]
    order = [*KINDS.values(), *(name for name in headings if name not in KINDS.values())]
    parts += [f"### {name}\n\n" + "\n".join(headings[name]) + "\n" for name in order if name in headings]
    section = "\n".join(parts)
    if opened:
        return changelog[: opened.start()] + section + changelog[opened.end() :]
    first = re.search(r"^## ", changelog, re.M)
    place = first.start() if first else len(changelog)
    return changelog[:place] + section + ("\n" if first else "") + changelog[place:]


def _bullets(section: str) -> dict[str, list[str]]:
    """Give the entries of a section by heading, each with the lines that go on with it."""
    parts = re.split(r"^### (.+)\n", section, flags=re.M)
    return {name: [text.strip("\n")] for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _bullet(text: str) -> str:
    """Give a fragment as an entry of a list, in lines of the changelog's width."""
    lines, line = [], "*"
    for word in text.split():
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = " "
        line += f" {word}"
    return "\n".join([*lines, line])


def main() -> None:
    """Read the command line; write the changelog and remove the fragments."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("version", nargs="?", help="such as 0.2.0")
    parser.add_argument("--check", action="store_true", help="only say whether every fragment is one")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--changelog", type=Path, default=FOLDER.parent / "CHANGELOG.md")
    given = parser.parse_args()
    fragments = read(given.folder)
    if given.check:
        print(f"{len(fragments)} fragments")
        return
    if not VERSION.fullmatch(given.version or ""):
        raise SystemExit("give the version, such as 0.2.0")
    day = datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
    text = assemble(given.changelog.read_text(encoding="utf-8"), list(fragments.values()), given.version, day)
    given.changelog.write_text(text, encoding="utf-8")
    for path in fragments:
        path.unlink()
    print(f"{len(fragments)} fragments are in {given.changelog.name} under {given.version}")


if __name__ == "__main__":
    main()
