from __future__ import annotations

import io
import zipfile

import numpy as np
import skops.io
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier

from vigil.bundles.canonical import canonical, dump
from vigil.bundles.trusted import TRUSTED

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


def test_equal_models_at_other_addresses_give_equal_bytes() -> None:
    """Two fits in one process lie at different addresses; their files are the same."""
    one, two = (RandomForestClassifier(5, random_state=0).fit(X, Y) for _ in range(2))
    assert skops.io.dumps(one) != skops.io.dumps(two)
    assert dump(one) == dump(two)


def test_canonical_bytes_are_a_fixed_point() -> None:
    """Rewriting what is canonical changes nothing."""
    content = dump(HistGradientBoostingRegressor(max_iter=5).fit(X, Y))
    assert canonical(content) == content


def test_canonical_bytes_still_open() -> None:
    """The rewritten file loads and answers the same."""
    model = HistGradientBoostingRegressor(max_iter=5).fit(X, Y)
    again = skops.io.loads(dump(model), trusted=list(TRUSTED))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_archives_carry_no_date() -> None:
    """Every entry has the earliest date there is, and is stored as it is."""
    content = dump(RandomForestClassifier(2, random_state=0).fit(X, Y))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_padding_between_fields_is_zero() -> None:
    """Memory that happens to lie between a record's fields does not reach the file."""
    kind = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    dirty = np.frombuffer(b"\x01" + b"\xff" * 7 + np.float64(2.0).tobytes(), dtype=kind)
    clean = canonical(skops.io.dumps(dirty))
    assert b"\x01" + b"\0" * 7 + np.float64(2.0).tobytes() in clean
