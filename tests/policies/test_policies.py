import pytest

from vigil import policies
from vigil.errors import ConfigError


@pytest.mark.parametrize(
    ("setting", "hint"),
    [("vigl", "Did you mean 'vigil'"), ("zzz", "Choose from: adwin, ddm, every_batch"), ({}, "")],
)
def test_an_unknown_policy_comes_with_those_there_are(setting, hint):
    """A policy is found by its file's name; another name is a config fault with a hint."""
    with pytest.raises(ConfigError, match="config-policy") as caught:
        policies.opened(setting)
    assert hint in str(caught.value)


def test_the_setting_is_left_as_it_was():
    """Opening a policy does not take its name out of the config's own object."""
    setting = {"name": "vigil", "growth": 3}
    policies.opened(setting)
    assert setting == {"name": "vigil", "growth": 3}


def test_a_policy_without_its_library_is_told_at_once(monkeypatch):
    """A policy of an extra that is not installed is a config fault that says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[river\]'"):
        policies.opened("adwin")
    assert policies.opened("vigil")
