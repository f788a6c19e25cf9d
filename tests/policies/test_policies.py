import pytest

from vigil import policies
from vigil.errors import ConfigError


@pytest.mark.parametrize(
    ("setting", "hint"),
    [("vigl", "Did you mean 'vigil'"), ("zzz", "Choose from: never, vigil, volume"), ({}, "")],
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
