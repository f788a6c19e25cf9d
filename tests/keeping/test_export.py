import pyarrow.csv
import pyarrow.parquet
import pytest

from vigil.errors import VigilError
from vigil.keeping.export import export


@pytest.fixture
def filled(site):
    """Three batches."""
    for number in (1, 2, 3):
        site.leavers(f"{number}.csv", 50, seed=number)
        site.tick()
    return site


@pytest.mark.parametrize("named", ["2", "2.csv"])
def test_rows_as_they_stood_after_a_batch(filled, tmp_path, named):
    """A batch is named by its order or its file; the rows of it and of earlier ones are written."""
    rows, batch = export(filled.project(), tmp_path / "rows.parquet", named)
    assert (rows, batch.order) == (100, 2)
    found = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    expected = filled.project().table.rows(through=2).drop_columns(["_vigil_hash"])
    assert found.equals(expected)


def test_all_rows_as_csv(filled, tmp_path):
    """Without a batch all rows are written."""
    assert export(filled.project(), tmp_path / "rows.csv", None)[0] == 150
    assert pyarrow.csv.read_csv(tmp_path / "rows.csv").num_rows == 150


def test_what_cannot_be_exported_is_said(filled, tmp_path):
    """An unknown batch and an unknown kind of file are faults in words, and nothing is written."""
    with pytest.raises(VigilError, match=r"there is no batch 9\. The newest are"):
        export(filled.project(), tmp_path / "rows.csv", "9")
    with pytest.raises(VigilError, match=r"ends in \.csv or \.parquet"):
        export(filled.project(), tmp_path / "rows.xlsx", None)
    assert list(tmp_path.glob("rows*")) == []
