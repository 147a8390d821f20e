"""Calls every operation that the simulator offers, and holds each answer against botocore's output shapes.

Fails if an answer is not of its shape, or if an operation was never called with success.
"""

import sys

import calls_ecr
import calls_ecs
import calls_others
import sim
from shapes import Checker

SEED = {
    "accounts": [
        {
            "id": sim.ACCOUNT,
            "name": "test",
            "roles": [{"name": "deploy"}, {"name": "ci", "trust_policy": calls_others.TRUST}],
            "identity_providers": [{"url": calls_others.ISSUER, "audiences": ["sts.amazonaws.com"]}],
            "regions": [
                {
                    "name": sim.REGION,
                    "secrets": {"npm/token": "s3cret"},
                    "parameters": {"/build/key": "k3y"},
                }
            ],
        }
    ]
}


def main():
    sim.control("POST", "seed", SEED)
    checker = Checker()
    session = sim.session(checker)
    for calls in (calls_ecs, calls_ecr, calls_others):
        calls.call(session)
    calls_others.call_in_other_protocols(checker)
    calls_others.endings(session)
    offered = {
        (sim.CLIENT_NAMES.get(service, service), name)
        for service, names in sim.control("GET", "operations").items()
        for name in names
    }
    untouched = sorted(f"{service}.{name}: never answered well" for service, name in offered - checker.well)
    for problem in checker.problems + untouched:
        print(problem)
    print(
        f"{len(offered & checker.well)} of {len(offered)} operations, {checker.answers} answers, "
        f"{len(checker.members)} members of structures seen, {len(checker.problems)} problems"
    )
    return 1 if checker.problems or untouched else 0


if __name__ == "__main__":
    sys.exit(main())
