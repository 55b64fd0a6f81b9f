"""A result folder belongs to one batch for ever, and is complete when `manifest.json` lies in it.

`batch.json` marks a folder from the first moment with what the batch depends on; it makes way for
the manifest. A folder that is not ours, or another batch's, is never written to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from simcert.errors import InputError, MachineError
from simcert.lab.outputs import folder_for
from simcert.scenario.files import path_of

STEM_BYTES = 180  # of a name; file systems take 255, and names get endings
MARK, MANIFEST = "batch.json", "manifest.json"
OTHER_CODE = ", or install the version of simcert that began it: days of two are not comparable"


@dataclass(frozen=True, slots=True)
class ResultFolder:
    """Where results go; every file appears whole or not at all (temporary name, then rename)."""

    path: Path

    @classmethod
    def claim(cls, path: str | Path, identity: Mapping[str, Any]) -> Self:
        """Return the folder, new, empty, or of this very batch.

        InputError if the path is a file or another's folder, MachineError if it cannot be written.
        """
        folder = cls(path_of("--out", path))
        folder._refuse_others(identity)
        if not folder.complete:
            folder.write(MARK, to_json(identity))
        return folder

    @property
    def complete(self) -> bool:
        """Whether the batch in this folder is done."""
        return (self.path / MANIFEST).is_file()

    def write(self, name: str, text: str) -> None:
        """Write one file of the folder, whole or not at all."""
        target = self.path / name
        part = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="utf-8", newline="\n")
            part.replace(target)
        except OSError as error:
            part.unlink(missing_ok=True) if part.parent.is_dir() else None
            raise MachineError(
                f"{target}: cannot be written: {error.strerror}; choose another --out or free space"
            ) from error

    def read(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return a JSON file of the folder; None if it is absent or was cut short."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def keep(self, name: str, of: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> None:
        """Write days that were flown, sealed together with what they are `of`."""
        self.write(name, to_json({"days": days, "seal": _seal(of, days)}))

    def kept(self, name: str, of: Mapping[str, Any]) -> list[Any] | None:
        """Return days that were kept, None if they were not flown yet.

        InputError if a hand or a crash changed them, or if they are of anything else than `of`.
        """
        if not (self.path / name).exists():
            return None
        found = self.read(name)
        whole = isinstance(found, dict) and isinstance(found.get("days"), list)
        if not whole or found.get("seal", "") != _seal(of, found["days"]):
            raise InputError(
                f"{self.path / name}: was changed or cut short, or holds other days than these; "
                "remove this file and give the same command again, it flies them anew"
            )
        days: list[Any] = found["days"]
        return days

    def remove(self, *names: str) -> None:
        """Remove files and empty folders that only the unfinished batch needed."""
        for name in names:
            one = self.path / name
            one.rmdir() if one.is_dir() else one.unlink(missing_ok=True)

    def _refuse_others(self, identity: Mapping[str, Any]) -> None:
        folder_for("--out", self.path)
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return
        found = self._identity()
        if found["batch"] != identity["batch"]:
            raise InputError(
                f"--out {self.path}: holds the results of another batch, which "
                f"`simcert {found['batch']}` made; name a new folder"
            )
        differs = [k for k in identity if found.get(k) != identity[k]]
        if differs:
            raise InputError(
                f"--out {self.path}: holds the results of another batch (different "
                f"{', '.join(differs)}); name a new folder{OTHER_CODE * ('code' in differs)}"
            )

    def _identity(self) -> dict[str, Any]:
        """Return what the batch in this folder depends on; InputError if nothing tells."""
        names = [name for name in (MANIFEST, MARK) if (self.path / name).exists()]
        if not names:
            raise InputError(
                f"--out {self.path}: is not empty and holds no simcert results; name a new folder"
            )
        found = self.read(names[0])
        found = found.get("identity", found) if isinstance(found, dict) else None
        if not isinstance(found, dict) or "batch" not in found:
            raise InputError(
                f"--out {self.path}: {names[0]} is damaged, so that nobody knows whose results "
                "these are; name a new folder"
            )
        return found


def _seal(of: Mapping[str, Any], days: Sequence[Any]) -> str | None:
    """Return a digest of days and of what they depend on; None of what we never write."""
    try:
        return sha256(to_json({"of": of, "days": days}).encode()).hexdigest()
    except ValueError:  # NaN, which Python reads
        return None


def to_json(value: object) -> str:
    """Return the one form in which results are written: sorted keys, no NaN, closing line end."""
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"


def stem_text(name: object) -> str:
    """Return of a path its stem, else the text itself."""
    text = str(name)
    return Path(text).stem if "/" in text or text.endswith(".toml") else text


def file_text(text: str, allowed: str = "_-.") -> str:
    """Return a text that every file system takes; a long one is cut, and told apart by a digest."""
    said = "".join(c if c.isalnum() or c in allowed else "-" for c in text)
    if len(said.encode()) <= STEM_BYTES:
        return said
    cut = said.encode()[: STEM_BYTES - 13].decode(errors="ignore")
    return f"{cut}-{sha256(said.encode()).hexdigest()[:12]}"
