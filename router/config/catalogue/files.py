"""Rules about files that belong together: includes, variables, env files."""

from router.config.catalogue.rule import API, ORDERS, Rule, Tier
from router.config.problem import Severity

_TEAM = """\
functions:
  invoices: arn:aws:lambda:eu-west-1:111122223333:function:invoices
triggers:
  billing: {type: function_url, invocation: sync, function: invoices}
"""
_LOCAL = """\
version: 1
functions:
  orders:
    local: {runtime: python, handler: app.handler, code: src, env_file: FILE}
triggers:
  api: {type: lambda_api, invocation: sync, functions: [orders]}
"""

RULES: tuple[Rule, ...] = (
    Rule(
        "unreadable-file",
        Tier.YAML,
        Severity.ERROR,
        "A file that the configuration names cannot be read.",
        "Nothing that stands in it can be checked. Paths are relative to the file that writes them.",
        bad=ORDERS + API + 'admin: {listen: "127.0.0.1:9901", token: "${file:secrets/token}"}\n',
        at=(6, 42),
        good=ORDERS + API + 'admin: {listen: "127.0.0.1:9901", token: "${file:token}"}\n',
        files={"token": "abc\n"},
        require_env=True,
    ),
    Rule(
        "include-matches-nothing",
        Tier.YAML,
        Severity.ERROR,
        "A path or glob under `include:` matches no file.",
        "What should have come from there is missing. Globs are relative to the file that includes; `**` crosses folders.",
        bad=ORDERS + API + "include: [team/*.yaml]\n",
        at=(6, 11),
        good=ORDERS + API + "include: [teams/*.yaml]\n",
        files={"teams/billing.yaml": _TEAM},
    ),
    Rule(
        "include-cycle",
        Tier.YAML,
        Severity.ERROR,
        "A file is included that is read already.",
        "A file that includes itself, or is matched by two globs, would declare everything twice. Narrow the glob.",
        bad=ORDERS + API + "include: ['*.yaml']\n",
        at=(6, 11),
        good=ORDERS + API + "include: ['teams/*.yaml']\n",
        files={"teams/billing.yaml": _TEAM},
    ),
    Rule(
        "not-includable",
        Tier.YAML,
        Severity.ERROR,
        "An included file has a section that only the main file may have.",
        "Listeners, the journal and what else the whole daemon shares would otherwise depend on which file is read last.",
        bad=ORDERS + API + "include: teams/open.yaml\n",
        at=(5, 1),
        good=ORDERS + API + "include: teams/billing.yaml\nlisteners: {main: 127.0.0.1:9000}\n",
        where="teams/open.yaml",
        files={"teams/billing.yaml": _TEAM, "teams/open.yaml": _TEAM + "listeners: {main: 127.0.0.1:9000}\n"},
    ),
    Rule(
        "bad-namespace",
        Tier.YAML,
        Severity.ERROR,
        "The `namespace:` of an included file is no name.",
        "It stands before every name of that file, with a dot between: letters, digits, `_` and `-`, at most 64.",
        bad=ORDERS + API + "include: spaced.yaml\n",
        at=(1, 12),
        good=ORDERS + API + "include: named.yaml\n",
        where="spaced.yaml",
        files={"spaced.yaml": "namespace: team billing\n" + _TEAM, "named.yaml": "namespace: billing\n" + _TEAM},
    ),
    Rule(
        "declared-twice",
        Tier.YAML,
        Severity.ERROR,
        "Two files declare the same name in the same section.",
        "Which one is meant? Rename one, or give a file a `namespace:`. To change a setting on purpose, use an overlay.",
        bad=ORDERS + API + "include: teams/orders.yaml\n",
        at=(2, 3),
        good=ORDERS + API + "include: teams/billing.yaml\n",
        where="teams/orders.yaml",
        files={
            "teams/orders.yaml": "functions:\n  orders: arn:aws:lambda:eu-west-1:111122223333:function:orders-2\n",
            "teams/billing.yaml": _TEAM,
        },
    ),
    Rule(
        "bad-substitution",
        Tier.YAML,
        Severity.ERROR,
        "A `${…}` is none of the forms that are put in.",
        "There are `${NAME}`, `${NAME:-default}` and `${file:/path}`. A literal `${` is written `$${`.",
        bad=ORDERS + API + 'labels: {stage: "${stage-name}"}\n',
        at=(6, 17),
        good=ORDERS + API + 'labels: {stage: "${STAGE_NAME}"}\n',
        env={"STAGE_NAME": "test"},
    ),
    Rule(
        "unset-variable",
        Tier.YAML,
        Severity.ERROR,
        "A variable without a default is not set.",
        "`run` refuses to guess; so does `validate --require-env`. Set it, or write a default: `${NAME:-default}`.",
        bad=ORDERS + API + 'labels: {stage: "${STAGE_NAME}"}\n',
        at=(6, 17),
        good=ORDERS + API + 'labels: {stage: "${STAGE_NAME:-test}"}\n',
        require_env=True,
    ),
    Rule(
        "bad-env-file",
        Tier.SEMANTICS,
        Severity.ERROR,
        "A line of an `env_file` is no assignment.",
        "Each line is `NAME=value`, a comment, or blank. What else stands there would be lost.",
        bad=_LOCAL.replace("FILE", "wrong.env"),
        at=(4, 73),
        good=_LOCAL.replace("FILE", "right.env"),
        files={"src/app.py": "", "wrong.env": "TABLE: orders\n", "right.env": "TABLE=orders\n"},
    ),
)
