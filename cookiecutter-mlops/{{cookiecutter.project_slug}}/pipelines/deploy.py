"""Releases a model package to one stage: what answers afterwards is exactly that package, or this fails.

    MLOPS_STAGE=prod python -m pipelines.deploy                         # the newest approved package, if it is newer
    MLOPS_STAGE=prod MODEL_PACKAGE=3 python -m pipelines.deploy         # that version, also an older one

With nothing to release it ends well. An endpoint that does not take the new model keeps the old one; if alarms rolled
it back the package is rejected, with the reason, so that no later event releases it again.
"""

import argparse
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import autoscaling, endpoint, packages, project
from pipelines.packages import Package

BY_POLICY = "approved"  # the release pipeline's REASON unless somebody gives another
KEPT_FACTS = (
    "commit", "data_version", "settings_sha256", "code_sha256", "train_image", "baseline_s3_uri", "metric", "value",
)  # fmt: skip
KEPT_CONFIGS = 3  # with them a person can see what was live, and go back by hand


def deploy(spec: dict[str, Any], stages: list[str], wanted: str) -> Package | None:
    """Release what is wanted; the package that the stage serves, or None where there is nothing to release."""
    stage, live = spec["stage"], project.live(spec["stage"])
    package = packages.find(spec["model_package_group"], wanted)
    if package is None or older_by_default(package, live, wanted):
        print("nothing to release: there is no approved package that is newer than the live one")
        return None
    packages.refuse_unreleasable(package, spec["model_package_group"], production=stage == stages[-1])
    if is_live(spec, package, live):
        print(f"nothing to release: version {package.version} is live in {stage} already")
        return package
    release(spec, package)
    return package


def older_by_default(package: Package, live: dict[str, Any] | None, wanted: str) -> bool:
    """Going back is for a person to ask for; a late event must not do it."""
    return wanted == packages.NEWEST and live is not None and package.version < live["version"]


def is_live(spec: dict[str, Any], package: Package, live: dict[str, Any] | None) -> bool:
    """Whether the stage serves this package, by this spec: Terraform may have changed the machines since."""
    if live is None or (live["model_package_arn"], live.get("spec")) != (package.arn, fingerprint(spec)):
        return False
    return endpoint.serves(endpoint.settled(spec["endpoint_name"]), live["endpoint_config"])


def release(spec: dict[str, Any], package: Package) -> None:
    """Switch the endpoint to a package and write down what is live."""
    name = endpoint.release_name(spec, package.version, datetime.now(UTC))
    print(f"releasing {package.title} to {spec['endpoint_name']} as {name}", flush=True)
    autoscaling.make_way(spec)
    try:
        endpoint.release(spec, package, name)
    except endpoint.RolledBack as problem:
        packages.reject(package.arn, f"Rolled back: {problem}")
        raise
    finally:
        if endpoint.describe(spec["endpoint_name"]):  # what serves, the new model or the old one, goes on scaling
            autoscaling.register(spec)
    write_live(spec, package, name)
    prune(spec, name)
    print(f"live in {spec['stage']}: {package.title}")


def write_live(spec: dict[str, Any], package: Package, config: str) -> None:
    """Tell the other pipelines, monitoring and rollback what this stage serves; SSM keeps the history."""
    value = {
        "model_package_arn": package.arn,
        "version": package.version,
        **{fact: package.facts.get(fact) for fact in KEPT_FACTS},
        "image": package.image,
        "model_data_url": package.model_data_url,
        "endpoint_config": config,
        "released_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "reason": reason(package),
        "spec": fingerprint(spec),
    }
    name = f"/{spec['project_slug']}/{spec['stage']}/live"
    project.client("ssm").put_parameter(
        Name=name, Value=json.dumps(value), Type="String", Tier="Intelligent-Tiering", Overwrite=True
    )


def reason(package: Package) -> str:
    """Why this release: what a person said who asked for it, else why the model was trained."""
    asked = os.environ.get("REASON", "")
    return asked if asked not in ("", BY_POLICY) else f"approved, trained for: {package.facts.get('reason', 'unknown')}"


def fingerprint(spec: dict[str, Any]) -> str:
    """Sixteen digits that change with an endpoint's spec: then the live model is released again."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def prune(spec: dict[str, Any], live: str) -> None:
    """Delete old configurations with their models, also what an interrupted release left."""
    for name in endpoint.releases("endpoint_configs", spec["project_slug"], spec["stage"])[KEPT_CONFIGS:]:
        if name != live:
            endpoint.discard(name)


def for_later_stages(package: Package | None, stages: list[str]) -> dict[str, str]:
    """What the pipeline hands on; `none` where every stage has it, so that nobody is asked to approve nothing."""
    serving = [live["model_package_arn"] for stage in stages if (live := project.live(stage))]
    if package is None:
        return {"MODEL_PACKAGE_ARN": packages.NONE, "RELEASE": "nothing to release"}
    everywhere = serving == [package.arn] * len(stages)
    return {"MODEL_PACKAGE_ARN": packages.NONE if everywhere else package.arn, "RELEASE": package.title}


def main() -> None:
    parser = argparse.ArgumentParser(description="Release a model package to a stage.")
    parser.add_argument("--stage", default=os.environ.get("MLOPS_STAGE"), help="by default MLOPS_STAGE")
    parser.add_argument(
        "--model-package",
        default=os.environ.get("MODEL_PACKAGE") or packages.NEWEST,
        help="newest, a version number or an ARN; by default MODEL_PACKAGE",
    )
    parser.add_argument("--env-file", type=Path, default=Path("release.env"), help="where to write what was released")
    arguments = parser.parse_args()
    stages = project.training_spec()["stages"]
    spec = project.endpoint_spec(project.known_stage(arguments.stage, stages))
    package = deploy(spec, stages, arguments.model_package)
    project.export(arguments.env_file, for_later_stages(package, stages))


if __name__ == "__main__":
    project.command(main)
