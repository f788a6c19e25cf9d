import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.config import Config, load_config
from vigil.errors import ConfigError

LEAST = {
    "input_folder_path": "arriving",
    "output_folder_path": "ingested",
    "output_model_path": "models",
    "prod_deployment_path": "production",
    "target": "left",
}


def written(folder, content):
    """Write a config's text, or an object as JSON."""
    path = folder / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def faults(folder, content):
    """Return the (id, place) of every fault of a config."""
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, content))
    return [(fault.id, fault.where) for fault in caught.value.faults]


def test_five_keys_are_enough(tmp_path):
    """The classic keys and a target make a config; everything else has its default."""
    config = load_config(written(tmp_path, LEAST))
    assert (config.name, config.holdout, config.false_alarm, config.policy) == ("vigil", 0.2, 0.05, "vigil")


def test_a_byte_order_mark_is_read_over(tmp_path):
    """A config saved by an editor that writes a byte order mark is read."""
    path = tmp_path / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(LEAST).encode())
    assert load_config(path).target == "left"


def test_a_comma_too_many_is_named(tmp_path):
    """What most often breaks a config edited by hand is said in plain words."""
    with pytest.raises(ConfigError, match=r"nothing follows this comma\. Remove it"):
        load_config(written(tmp_path, '{"target": "a",\n}'))


def test_one_name_stands_for_a_list_of_one(tmp_path):
    """A single column name is taken where a list is meant."""
    assert load_config(written(tmp_path, {**LEAST, "key": "customer"})).key == ["customer"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", ("config-json", "line 1, column 2")),
        ('{"target": "a",}', ("config-json", "line 1, column 15")),
        ('{"key": ["a", "b",\n ],\n "target": "a"}', ("config-json", "line 1, column 18")),
        ('{"target": "a",\n "key": "b",\n}\n', ("config-json", "line 2, column 12")),
        ('{"target": "a", , "key": "b"}', ("config-json", "line 1, column 17")),
        ("[]", ("config-json", "file")),
        ("3", ("config-json", "file")),
        ('{"target": "a", "target": "b"}', ("config-repeated", "target")),
        ('{"server": {"port": 1, "port": 2}}', ("config-repeated", "port")),
        ({**LEAST, "target_": "x"}, ("config-unknown-key", "target_")),
        ({**LEAST, "server": {"prot": 1}}, ("config-unknown-key", "server.prot")),
        ({key: LEAST[key] for key in LEAST if key != "target"}, ("config-missing-key", "target")),
        ({**LEAST, "name": "a b"}, ("config-name", "name")),
        ({**LEAST, "name": "../up"}, ("config-name", "name")),
        ({**LEAST, "holdout": 1.0}, ("config-value", "holdout")),
        ({**LEAST, "false_alarm": 0}, ("config-value", "false_alarm")),
        ({**LEAST, "seed": "0"}, ("config-value", "seed")),
        ({**LEAST, "seed": 2**32}, ("config-value", "seed")),
        ({**LEAST, "settle_seconds": 1e300}, ("config-value", "settle_seconds")),
        ({**LEAST, "cool_down": 1e300}, ("config-value", "cool_down")),
        ({**LEAST, "predictions": {"days": 10**7}}, ("config-value", "predictions.days")),
        ({**LEAST, "retention": {"history_days": 10**9}}, ("config-value", "retention.history_days")),
        ({**LEAST, "packages": 1}, ("config-value", "packages")),
        ({**LEAST, "task": "cluster"}, ("config-value", "task")),
        ({**LEAST, "server": {"port": 70000}}, ("config-value", "server.port")),
        ({**LEAST, "key": ["left"]}, ("config-role", "key")),
        ({**LEAST, "time": "day", "ignore": ["day"]}, ("config-role", "time")),
        ({**LEAST, "output_folder_path": "./arriving"}, ("config-folder", "output_folder_path")),
    ],
)
def test_every_fault_has_its_id_and_place(tmp_path, content, expected):
    """Each way to be wrong is told by a stable id and the place."""
    assert expected in faults(tmp_path, content)


def test_all_faults_are_told_at_once(tmp_path):
    """A person corrects a config once, not fault by fault."""
    found = faults(tmp_path, {"targett": "left", "holdout": 2, "seed": -1, "name": "?"})
    assert {"targett", "target", "holdout", "seed", "name", "input_folder_path"} <= {
        place for _, place in found
    }


def test_a_misspelt_key_comes_with_the_one_meant(tmp_path):
    """The hint names the setting that was probably meant."""
    with pytest.raises(ConfigError, match=r"config-unknown-key tolerence.*Did you mean 'tolerance'\?"):
        load_config(written(tmp_path, {**LEAST, "tolerence": 0.1}))


def test_a_missing_config_says_how_to_get_one(tmp_path):
    """Without a file the message names --config and --init."""
    with pytest.raises(ConfigError, match=r"config-missing.*--config.*--init") as caught:
        load_config(tmp_path / "none.json")
    assert caught.value.exit_code == 2


def test_other_encodings_and_folders_are_said(tmp_path):
    """Bytes that are no UTF-8, and a folder in the file's place, are told as such."""
    (tmp_path / "latin.json").write_bytes(b'{"target": "\xe9"}')
    with pytest.raises(ConfigError, match="config-encoding"):
        load_config(tmp_path / "latin.json")
    with pytest.raises(ConfigError, match="config-unreadable"):
        load_config(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([*Config.model_fields, "other"]), JSON, max_size=8))
def test_any_object_is_a_config_or_faults(tmp_path_factory, content):
    """Whatever JSON object stands in the file, the end is a config or a ConfigError with faults."""
    path = written(tmp_path_factory.mktemp("any"), {**LEAST, **content})
    try:
        assert isinstance(load_config(path), Config)
    except ConfigError as error:
        assert error.faults
        assert "errors.pydantic.dev" not in str(error)


def test_an_object_store_is_refused(tmp_path):
    """A URL where a folder is meant is a fault, and no folder of that name is made."""
    with pytest.raises(ConfigError, match="in 'storage' where everything is to be kept"):
        load_config(written(tmp_path, {**LEAST, "output_folder_path": "s3://bucket/out"}))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"storage": "bucket/prefix"}, "is no address of a storage"),
        ({"storage": "s3://"}, "is no address of a storage"),
        (
            {"storage": "s3://b/p", "input_folder_path": "out/new"},
            "input_folder_path: lies in output_folder_path",
        ),
        ({"storage": "s3://b/p", "output_model_path": "out/models"}, "output_model_path: lies in"),
        ({"storage": "s3://b/p", "ledger": "sqlite:///out/l.db"}, "ledger: lies in output_folder_path"),
        ({"storage": "s3://b/p", "output_folder_path": "."}, "lies in output_folder_path"),
    ],
)
def test_what_does_not_go_with_object_storage(tmp_path, more, words):
    """An address that is none, and folders that are not apart, are faults."""
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, {**LEAST, "output_folder_path": "out", **more}))
    assert words in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_faults_and_no_traceback(tmp_path_factory, content):
    """Bytes that are no config end in a ConfigError."""
    path: Path = tmp_path_factory.mktemp("bytes") / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        load_config(path)
