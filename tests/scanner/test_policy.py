from __future__ import annotations

from scanner.model import Kind, RuleId
from scanner.ruleset import Ruleset


def test_the_policy_names_only_rules_that_exist() -> None:
    rules = Ruleset.load()
    policy = rules.policy
    named = {*policy.rule_weight, *policy.holding_rules, *policy.unscannable_rules, *policy.enforced_rules}
    named |= policy.everywhere_rules
    assert {rule for rule in named if rule not in rules.rules and not rule.startswith("bandit-")} == set()


def test_no_prior_can_flag_a_release_by_itself() -> None:
    rules = Ruleset.load()
    priors = {Kind.METADATA, Kind.STRUCTURE, Kind.NAMES, Kind.LIMITS}
    weak = [rule for rule in rules.policy.rule_weight if rules.rules[RuleId(rule)].kind in priors]
    assert weak
    assert all(rules.policy.rule_weight[rule] < rules.policy.flag_at / 2 for rule in weak)
