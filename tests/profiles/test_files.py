"""A Parquet file's profile, in pieces."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vigil.profiles import files, of_parquet, profile
from vigil.records import Column

COLUMNS = [Column("n", "number"), Column("c", "category"), Column("later", "number")]


def test_pieces_give_the_whole(tmp_path, monkeypatch) -> None:
    """Read in pieces that cross row groups, the bytes are those of the table at once; no rows work too."""
    monkeypatch.setattr(files, "PIECE", 700)
    draw = np.random.default_rng(1)
    table = pa.table({"n": draw.normal(size=3000), "c": draw.integers(0, 400, 3000).astype(str)})
    for rows in (3000, 0):
        pq.write_table(table.slice(0, rows), tmp_path / "t.parquet", row_group_size=1000)
        made = of_parquet(tmp_path / "t.parquet", COLUMNS)
        assert made.to_bytes() == profile(table.slice(0, rows), COLUMNS).to_bytes()
