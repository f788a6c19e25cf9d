"""The first contract, guessed from the first file."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from vigil.contract import check, infer
from vigil.errors import ContractError
from vigil.intake import read

LABELS = ["yes" if number % 3 == 0 else "no" for number in range(120)]


def first_file(tmp_path, columns, delimiter=","):
    """Write columns of text as a file and read it."""
    rows = [delimiter.join(columns), *(delimiter.join(row) for row in zip(*columns.values(), strict=True))]
    path = tmp_path / "first.csv"
    path.write_text("\n".join(rows) + "\n")
    return read(path)


def inferred(tmp_path, cells, **settings):
    """Infer a contract with one column x beside a target; returns column x and the notes."""
    labels = [LABELS[number % 120] for number in range(len(cells))]
    raw = first_file(tmp_path, {"x": cells, "left": labels})
    contract, notes = infer(raw, target="left", **settings)
    return next(column for column in contract.columns if column.name == "x"), " ".join(notes)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (lambda n: str(n % 7), "number"),
        (lambda n: f"{n % 7}.5%", "number"),
        (lambda n: "" if n % 5 else str(n / 8), "number"),
        (lambda n: "Unknown" if n % 5 else str(n / 8), "number"),
        (lambda n: f"2024-01-{n % 28 + 1:02d}", "date"),
        (lambda n: f"{n % 28 + 1:02d}/01/2024", "date"),
        (lambda n: "abc"[n % 3], "category"),
        (lambda n: f"0{n % 9}123", "category"),
        (lambda n: ["1", "2", "other"][n % 3], "category"),
        (lambda n: f"a complaint in many words of which this is number {n}", "text"),
    ],
)
def test_kinds(tmp_path, cell, kind):
    """A column's kind is that which all its cells fit."""
    column, _ = inferred(tmp_path, [cell(number) for number in range(120)])
    assert (column.kind, column.role) == (kind, "feature")


def test_a_few_misfits_do_not_make_a_number_a_category(tmp_path):
    """One bad cell among many different numbers is a fault of the file, and is said."""
    column, notes = inferred(tmp_path, ["oops", *(str(n / 8) for n in range(1, 120))])
    assert column.kind == "number"
    assert "but for 1 cell, such as 'oops'" in notes


def test_counts_with_words_in_them_are_said_to_be_a_category(tmp_path):
    """Few different numbers and some words are levels, maybe: said, with what makes numbers of them."""
    column, notes = inferred(tmp_path, [*(str(n % 9) for n in range(120)), "none yet", "two"])
    assert column.kind == "category"
    assert "has numbers but for 2 cells, such as 'none yet': read as a category." in notes
    assert 'give it the kind "number" in the contract' in notes
    _, notes = inferred(tmp_path, [*("red", "blue", "7") * 40])
    assert "numbers" not in notes


def test_unclear_dates_stay_categories(tmp_path):
    """Nobody can say whether 03/04/2024 is in March or April."""
    column, notes = inferred(tmp_path, [f"0{n % 9 + 1}/1{n % 2}/2024" for n in range(120)])
    assert column.kind == "category"
    assert "looks like dates" in notes


def test_missing_words_are_counted(tmp_path):
    """What was read as missing is said, word by word."""
    _, notes = inferred(tmp_path, ["Unknown", "?", "Unknown", *(str(n) for n in range(3, 120))])
    assert "'Unknown' 2×" in notes
    assert "'?' 1×" in notes


def test_the_minimum_is_zero_where_nothing_is_negative(tmp_path):
    """A hundred values without a negative one set the lower limit; fewer, or one below, do not."""
    column, notes = inferred(tmp_path, [str(n % 50 / 4) for n in range(120)])
    assert column.minimum == 0.0
    assert "minimum is taken to be 0" in notes
    assert inferred(tmp_path, [str(n % 50 / 4) for n in range(99)])[0].minimum is None
    assert inferred(tmp_path, [str(n % 50 - 1) for n in range(120)])[0].minimum is None


def test_a_constant_column_stays_and_is_noted(tmp_path):
    """A column of one value says nothing, yet."""
    column, notes = inferred(tmp_path, ["same"] * 120)
    assert column.role == "feature"
    assert "one value only: same" in notes


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("customer", lambda n: f"{n:04d}-QX"),
        ("customerID", lambda n: str(7 * n + 3)),
        ("customer_id", lambda n: str(n * n)),
        ("ID", str),
        ("index", str),
        ("Unnamed: 0", str),
        ("token", lambda n: f"{n:036x}"),
    ],
)
def test_identifiers_are_ignored_unless_configured_as_key(tmp_path, name, cell):
    """Another value in every row says nothing of the next row; as key it says whom a row is about."""
    raw = first_file(tmp_path, {name: [cell(n) for n in range(120)], "x": list("ab") * 60, "left": LABELS})
    contract, notes = infer(raw, target="left")
    assert contract.columns[0].role == "ignored"
    assert not contract.columns[0].required
    assert any("ignored; its role is key" in note for note in notes)
    contract, _ = infer(raw, target="left", key=[name])
    assert [column.name for column in contract.identity] == [name]
    assert not contract.columns[0].nullable
    assert contract.columns[0].kind == "category"


def test_measurements_that_all_differ_are_no_identifiers(tmp_path):
    """Distinct numbers are what a measurement gives."""
    assert inferred(tmp_path, [str(n * 1.37) for n in range(120)])[0].role == "feature"
    assert inferred(tmp_path, [str(n) for n in range(120)])[0].role == "feature"


def test_an_unnamed_column_is_no_part_of_the_contract(tmp_path):
    """The index that pandas writes is passed over, and said."""
    columns = {"": [str(n) for n in range(120)], "x": ["a", "b"] * 60, "left": LABELS}
    contract, notes = infer(first_file(tmp_path, columns), target="left")
    assert [column.name for column in contract.columns] == ["x", "left"]
    assert "A column without a name was ignored." in notes


@pytest.mark.parametrize(
    ("cell", "task", "classes"),
    [
        (lambda n: ["yes", "no", "no"][n % 3], "binary", ("no", "yes")),
        (lambda n: ["1.0", "0.0", "0"][n % 3], "binary", ("0", "1")),
        (lambda n: ["True", "False"][n % 2], "binary", ("False", "True")),
        (lambda n: "abc"[n % 3], "multiclass", ("a", "b", "c")),
        (lambda n: str(n % 5), "multiclass", ("0", "1", "2", "3", "4")),
        (lambda n: str(n % 5 + 0.5), "regression", ()),
        (lambda n: str(n), "regression", ()),
    ],
)
def test_the_task_follows_the_target(tmp_path, cell, task, classes):
    """Two values are classes, few words or whole numbers too, many numbers a quantity."""
    raw = first_file(tmp_path, {"x": list("abc") * 40, "y": [cell(n) for n in range(120)]})
    contract, notes = infer(raw, target="y")
    assert (contract.task, contract.classes) == (task, classes)
    assert contract.target.levels == (classes or None)
    assert contract.target.kind == ("number" if task == "regression" else "category")
    assert not contract.target.required
    assert any(f"taken to be {task}" in note for note in notes)


def test_the_positive_class_is_the_rarer_unless_configured(tmp_path):
    """The configured class is matched after the same cleaning as the cells."""
    raw = first_file(tmp_path, {"x": list("abc") * 40, "y": ["1.0", "0", "0"] * 40})
    assert infer(raw, target="y")[0].positive == "1"
    assert infer(raw, target="y", positive=0)[0].positive == "0"
    assert infer(raw, target="y", positive="0.0")[0].positive == "0"
    truths = first_file(tmp_path, {"x": list("abc") * 40, "y": ["true", "false", "false"] * 40})
    assert infer(truths, target="y", positive=False)[0].positive == "false"
    with pytest.raises(ContractError, match="'yes' is not a class") as caught:
        infer(raw, target="y", positive="yes")
    assert "0, 1" in caught.value.hint


@pytest.mark.parametrize("as_text", [True, False])
def test_whole_numbers_that_no_float_tells_apart_are_levels(tmp_path, as_text):
    """Long identifiers collapse as numbers, which looks like repeated values; as levels they stay apart."""
    ids = [2**60 + n for n in range(120)]
    far = [2**60 + n * 2**40 for n in range(120)]
    if as_text:
        columns = {"x": map(str, ids), "far": map(str, far), "size": list("ab") * 60, "left": LABELS}
        raw = first_file(tmp_path, {name: list(cells) for name, cells in columns.items()})
    else:
        rows = pa.table({"x": ids, "far": far, "size": list("ab") * 60, "left": LABELS})
        parquet.write_table(rows, tmp_path / "first.parquet")
        raw = read(tmp_path / "first.parquet")
    contract, notes = infer(raw, target="left")
    kinds = [(column.kind, column.role) for column in contract.columns[:2]]
    assert kinds == [("category", "ignored"), ("number", "feature")]
    assert "too long to be told apart" in " ".join(notes)


def test_names_that_differ_only_by_case_are_not_both_kept(tmp_path):
    """The table knows no case: of two such names one is ignored, and said; never one with a role."""
    raw = first_file(
        tmp_path, {"size": list("ab") * 60, "x": list("uv") * 60, "Size": list("pq") * 60, "SIZE": LABELS}
    )
    contract, notes = infer(raw, target="SIZE")
    assert [column.role for column in contract.columns] == ["ignored", "feature", "ignored", "target"]
    assert "'Size' differs from 'SIZE' only by case" in " ".join(notes)
    with pytest.raises(ContractError, match="'SIZE' differs from 'Size' only by case") as caught:
        infer(raw, target="SIZE", key=["Size"])
    assert "Rename" in caught.value.hint


def test_a_column_of_lists_is_ignored_and_the_file_is_read(tmp_path):
    """Cells that are no single values cost their column, and not every file that has it."""
    rows = pa.table({"tags": [[1, 2]] * 120, "x": [float(n) for n in range(120)], "left": LABELS})
    parquet.write_table(rows, tmp_path / "first.parquet")
    raw = read(tmp_path / "first.parquet")
    contract, notes = infer(raw, target="left")
    assert [column.role for column in contract.columns] == ["ignored", "feature", "target"]
    assert "only single values can be read. It is ignored." in " ".join(notes)
    assert check(contract, raw).valid == 120


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target": "gone"}, "target 'gone'"),
        ({"target": "y", "key": ["a", "x"], "slices": ["b"]}, "key 'a', slices 'b'"),
        ({"target": "y", "time": "x"}, "neither dates nor numbers"),
        ({"target": "y", "task": "regression"}, "is not a number"),
        ({"target": "y", "task": "binary"}, "has 3 classes"),
        ({"target": "same"}, "one value only"),
        ({"target": "none"}, "no values"),
        ({"target": "words"}, "has 120 different values"),
    ],
)
def test_settings_that_do_not_fit_the_file(tmp_path, settings, words):
    """Every contradiction between config and first file is said in words."""
    columns = {"x": list("abc") * 40, "y": list("pqr") * 40, "same": ["1"] * 120, "none": [""] * 120}
    columns["words"] = [f"w{n}" for n in range(120)]
    with pytest.raises(ContractError, match=words):
        infer(first_file(tmp_path, columns), target=settings.pop("target"), **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target": "Lable"}, "target 'Lable'. Did you mean 'label'? It has: staff, region, label."),
        ({"target": "label", "key": ["staf"]}, "key 'staf'. Did you mean 'staff'?"),
        ({"target": "label", "sensitive": ["regions"]}, "sensitive 'regions'. Did you mean 'region'?"),
        ({"target": "label", "slices": ["colour"]}, "slices 'colour'. It has: staff, region, label."),
    ],
)
def test_a_misspelt_column_is_named_with_its_setting(tmp_path, settings, words):
    """A column that the file lacks is said by the setting that asks for it, with the likely one."""
    columns = {"staff": list(map(str, range(30))), "region": ["n", "s", "w"] * 10, "label": ["a", "b"] * 15}
    raw = first_file(tmp_path, columns)
    with pytest.raises(ContractError) as fault:
        infer(raw, **settings)
    assert words in f"{fault.value.what} {fault.value.hint}"


def test_a_file_with_nothing_to_predict_from_is_refused(tmp_path):
    """A contract without a feature could not be used: nothing is kept of it."""
    raw = first_file(tmp_path, {"client": [f"c-{n:04d}" for n in range(40)], "y": ["a", "b"] * 20})
    with pytest.raises(ContractError) as fault:
        infer(raw, target="y")
    assert fault.value.what == "No column is left to predict from."
    assert "'client' has another value in every row: ignored" in fault.value.hint


@pytest.mark.parametrize("labels", [["a", "b", "c"] * 10, [f"{n}.5" for n in range(30)]])
def test_a_positive_class_that_is_not_used_is_said(tmp_path, labels):
    """Only a task of two classes has one."""
    raw = first_file(tmp_path, {"size": list(map(str, range(30))), "y": labels})
    contract, notes = infer(raw, target="y", positive="a")
    assert f"'positive' is not used: the task is {contract.task}." in notes
    assert not any("positive" in note for note in infer(raw, target="y")[1])


def test_a_time_column_may_hold_dates(tmp_path):
    """A configured time column gets its role."""
    raw = first_file(
        tmp_path, {"at": ["2024-01-01"] * 120, "x": list("ab") * 60, "age": ["1", "2"] * 60, "left": LABELS}
    )
    contract, _ = infer(raw, target="left", time="at", ignore=["x"])
    assert [(column.kind, column.role) for column in contract.columns[:2]] == [
        ("date", "time"),
        ("category", "ignored"),
    ]


def test_decimal_commas_of_a_semicolon_file(tmp_path):
    """The file's decimal sign is found where the columns show it."""
    raw = first_file(tmp_path, {"x": ["1,5", "2,25"] * 60, "left": LABELS}, ";")
    contract, _ = infer(raw, target="left")
    assert contract.columns[0].kind == "number"
