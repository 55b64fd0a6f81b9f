"""Connection records of a run as Parquet: a row per handshake attempt, in bounded memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simcert.errors import MachineError
from simcert.lab import outputs
from simcert.model import RecordBatch
from simcert.model.outcome import ARMS
from simcert.model.records import FEATURES

ROWS = 200_000  # of a row group; so many rows are held at most, and one slice more

Mask = npt.NDArray[np.bool_]


class ConnectionFile:
    """Takes the attempts of a run slice by slice; the file appears whole, or not at all.

    Columns are those of `RecordBatch` with segment, arm and outcome by name, every feature as a
    truth value, and `harmed`: with the old certificate the same attempt would have succeeded.
    """

    def __init__(self, path: Path, about: dict[str, str]) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        self._about = about
        self._arrow, self._parquet = _libraries()
        self._writer: Any = None
        self._waiting: list[Any] = []
        self._rows = 0

    def add(self, batch: RecordBatch, harmed: Mask) -> None:
        """Note the attempts of one step of the traffic."""
        if not len(batch):
            return
        self._waiting.append(self._table(batch, harmed))
        self._rows += len(batch)
        if self._rows >= ROWS:
            self._flush()

    def close(self) -> None:
        """Give the file its name; a run without connections leaves none."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._part.replace(self.path)

    def drop(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.close()
        self._part.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = self._arrow.concat_tables(self._waiting).unify_dictionaries()
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            schema = table.schema.with_metadata(self._about)
            self._writer = self._parquet.ParquetWriter(self._part, schema, compression="zstd")
        self._writer.write_table(table.replace_schema_metadata(self._about))
        self._waiting, self._rows = [], 0

    def _table(self, batch: RecordBatch, harmed: Mask) -> Any:  # noqa: ANN401 - pyarrow is late
        named = self._named
        return self._arrow.table(
            {
                "start_s": batch.start_s,
                "seen_s": batch.seen_s,
                "handshake_ms": batch.handshake_ms,
                "client": batch.client,
                "segment": named(batch.segment, batch.segments),
                "arm": named(batch.arm, ARMS),
                "outcome": named(batch.outcome, batch.outcomes),
                "attempt": batch.attempt,
                **{name: (batch.features >> i) & 1 != 0 for i, name in enumerate(FEATURES)},
                **({} if batch.source is None else {"source": batch.source}),
                "harmed": harmed,
            }
        )

    def _named(self, codes: npt.NDArray[np.uint8], names: tuple[str, ...]) -> Any:  # noqa: ANN401
        of = self._arrow.DictionaryArray.from_arrays
        return of(self._arrow.array(codes.astype(np.int32)), self._arrow.array(names))


@contextmanager
def connections(path: str | Path | None, about: dict[str, str]) -> Iterator[ConnectionFile | None]:
    """Yield the file that takes a run's attempts, None if nobody asked for one.

    InputError if it exists; MachineError if it cannot be written or its extra is not installed.
    """
    if path is None:
        yield None
        return
    file = ConnectionFile(outputs.file_for("--records", path), about)
    try:
        yield file
        file.close()
    except OSError as error:
        said = error.strerror or error
        raise MachineError(f"--records {path}: cannot be written: {said}") from error
    finally:
        file.drop()


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MachineError("--records needs an extra: pip install 'simcert[parquet]'") from error
    return arrow, parquet
