"""How near a name comes to one that many install."""

from __future__ import annotations

import pytest

from scanner.names import Names, read_names
from scanner.policy import load_policy
from scanner.ruleset import DEFAULT_RULES

NAMES = read_names({path.name: path.read_text(encoding="utf-8") for path in (DEFAULT_RULES / "names").iterdir()})

NEAR = {
    "a letter too many": ("requestss", "requests"),
    "a letter too few": ("reqests", "requests"),
    "another letter": ("requesta", "requests"),
    "two letters swapped": ("reqeusts", "requests"),
    "no separator": ("pythondateutil", "python-dateutil"),
    "a separator more": ("crypto-graphy", "cryptography"),
    "a digit for a letter": ("c0lorama", "colorama"),
    "one for l": ("co1orama", "colorama"),
    "i for l": ("coiorama", "colorama"),
    "rn for m": ("colorarna", "colorama"),
}


@pytest.mark.parametrize(("name", "popular"), NEAR.values(), ids=NEAR)
def test_a_name_that_is_easily_mistaken_is_near(name: str, popular: str) -> None:
    near = NAMES.near(name)
    assert near is not None
    assert near.name == popular
    assert str(near).endswith(f" {popular} (number {NAMES.popular[popular]} by downloads)")


FAR = {
    "the popular one itself": "requests",
    "another popular one, a letter away": "pyasn1",
    "nothing like it": "tidy-example-of-a-name",
    "a short name": "sic",
    "another number": "boto4",
    "two letters away": "reqeustz",
    "a longer name that holds it": "requests-for-my-garden",
}


@pytest.mark.parametrize("name", FAR.values(), ids=FAR)
def test_other_names_are_not_near(name: str) -> None:
    assert NAMES.near(name) is None


@pytest.mark.parametrize(
    ("name", "base"), [("python-requests", "requests"), ("requests-utils", "requests"), ("pyrequests", "requests")]
)
def test_a_popular_name_with_a_common_word_is_built_on_it(name: str, base: str) -> None:
    built = NAMES.built_on(name)
    assert built is not None
    assert built.name == base


@pytest.mark.parametrize("name", ["requests", "requests-oauthlib", "garden-utils", "python-dateutil", "utils"])
def test_other_names_are_built_on_nothing(name: str) -> None:
    assert NAMES.built_on(name) is None


def test_the_list_of_popular_names_is_whole_and_says_where_it_is_from() -> None:
    text = (DEFAULT_RULES / "names" / "popular.txt").read_text(encoding="utf-8")
    assert text.startswith("# Names of the projects of PyPI that are downloaded most")
    assert "# Source: " in text
    assert len(NAMES.popular) == 15_000
    assert sorted(NAMES.popular.values()) == list(range(1, 15_001))


@pytest.mark.parametrize(
    ("file", "text"),
    [("popular.txt", "Requests\n"), ("other.txt", "a\n"), ("commands.txt", "ls -l\n"), ("popular.txt", "-\n")],
)
def test_a_list_that_is_none_is_refused(file: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"names/{file}: expected"):
        read_names({file: text})


def test_without_lists_nothing_is_near() -> None:
    assert Names().near("requests") is None
    assert Names().built_on("python-requests") is None


def test_names_addresses_and_versions_together_flag_nothing() -> None:
    """Priors say where to look. Even all of them at once are less than what puts a release before a person."""
    policy = load_policy(DEFAULT_RULES / "policy.toml")
    # A name is near to a popular one or built on it; who gives no contact gives no address either, so that absence
    # stands for three others.
    alone = {"name-built-on-popular", "contact-placeholder", "contacts-absent"}
    priors = {
        "name-near-popular",
        "dependency-near-popular",
        "module-shadows-standard-library",
        "module-of-another-project",
        "command-shadows-another",
        "project-address-unusual",
        "repository-of-another-project",
        "contact-disposable",
        "high-version-first-release",
        "setup-without-pyproject",
    }
    weights = {rule: policy.rule_weight[rule] for rule in priors | alone}
    assert all(0 < weight < 1 for weight in weights.values())
    assert sum(weights[rule] for rule in priors) < policy.flag_at
    given = ("contact-disposable", "project-address-unusual", "repository-of-another-project")
    assert weights["contacts-absent"] <= sum(weights[rule] for rule in given)
